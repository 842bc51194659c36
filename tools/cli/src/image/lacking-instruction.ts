/** Whether a program would execute what a machine lacks. */
import type { FileParts } from './bytes.js';
import { codeIn, type CodeRange } from './elf-code.js';
import { readNames } from './elf-dynamic.js';
import { readSegments, withElf, type Segment } from './elf.js';
import { CodeScan, type FoundInstruction } from './x86/code-scan.js';
import type { Extension } from './x86/extensions.js';

const DYNAMIC = 2;
const PART_BYTES = 4 << 20;

/**
 * Names of what answers for the processor, as they stand in files that leave the question to another library: the C
 * library's own, GCC's and Clang's, Rust's, FFmpeg's, Highway's, TensorFlow's and cpuinfo's.
 */
const ANSWERS = [
  ...['_rtld_global_ro', 'get_cpu_features', '__x86_get_cpuid', '__cpu_model', '__cpu_indicator_init'],
  ...['std_detect', 'av_get_cpu_flags', 'SupportedTargets', 'TestCPUFeature', 'cpuinfo_initialize'],
];

/**
 * The first instruction of an x86-64 program or library that a machine lacks, where nothing in the file asks what the
 * machine has: by an instruction of its own, or by the name of something that does. A file that asks is taken to heed
 * the answer.
 *
 * @param path Where it lies.
 * @param name As errors are to name it.
 * @throws {CodedError} PROGRAM_INVALID.
 */
export function lackingInstruction(
  path: string,
  name: string,
  lacks: ReadonlySet<Extension>,
): Promise<FoundInstruction | undefined> {
  return withElf(path, name, async (file, header) => {
    const segments = await readSegments(file, header);
    const scan = new CodeScan(lacks);
    for (const range of await codeIn(file, header, segments)) {
      await scanRange(scan, file, range);
      if (scan.asks) return undefined;
    }
    return scan.first && !(await namesAnswer(file, segments)) ? scan.first : undefined;
  });
}

async function scanRange(scan: CodeScan, file: FileParts, { offset, address, bytes }: CodeRange): Promise<void> {
  for (let at = 0; at < bytes && !scan.asks; ) {
    const part = await file.read(offset + at, Math.min(PART_BYTES, bytes - at));
    const done = scan.read(part.slice(0, part.length), address + at, at + part.length >= bytes);
    if (done === 0) return; // the file became shorter
    at += done;
  }
}

async function namesAnswer(file: FileParts, segments: readonly Segment[]): Promise<boolean> {
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  if (!dynamic) return false;
  const names = await readNames(file, dynamic, segments);
  const bytes = names.slice(0, names.length);
  return ANSWERS.some((answer) => bytes.includes(answer));
}
