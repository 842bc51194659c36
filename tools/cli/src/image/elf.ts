/** What an ELF file says of itself, read by its segments: sections may have been stripped. */
import { open } from 'node:fs/promises';
import { FileParts, type Bytes } from './bytes.js';
import { readDynamic, type Dynamic } from './elf-dynamic.js';
import { readNotes, type Notes } from './elf-notes.js';
import { goBuild } from './go-version.js';

/** @see The System V ABI, chapters 4 and 5, and the GNU extensions in `elf.h`. */
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const TYPES = { 2: 'program', 3: 'shared' } as const;
const ARCHITECTURES: Readonly<Record<number, string>> = { 3: 'i386', 40: 'arm', 62: 'x86_64', 183: 'aarch64' };
const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;
const NOTE = 4;
const EXECUTABLE = 1;
const WRITABLE = 2;
/** PATH_MAX of Linux. */
const LONGEST_PATH = 4096;

/** A part of the file and where it is in memory. */
export interface Segment {
  readonly type: number;
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
  readonly offset: number;
  readonly address: number;
  /** In the file. */
  readonly bytes: number;
}

/** A program or library for Linux. */
export interface Elf extends Dynamic, Notes {
  /** As `uname -m` names it; `unknown (N)` by its number in the file otherwise. */
  readonly architecture: string;
  /** The loader that the kernel starts; none for libraries and static programs. */
  readonly interpreter: string | undefined;
  /** Of the Go that built it; `before 1.18` where it is written otherwise. */
  readonly go: string | undefined;
}

/**
 * Reads a file.
 *
 * @param path Where it lies.
 * @param name As errors are to name it.
 * @returns Undefined for what is no ELF program or library: other files, object files, cores.
 * @throws {CodedError} PROGRAM_INVALID, with file and offset, for one that is cut short or contradicts itself.
 */
export async function readElf(path: string, name = path): Promise<Elf | undefined> {
  return withElf(path, name, async (file, header) => {
    if (!isLittle64(header)) return foreign(header);
    return header.u16(16) in TYPES ? readWhole(file, header) : undefined;
  });
}

/** Opens a file for as long as `use` takes, where it begins as ELF files do. Parameters are those of {@link readElf}. */
export async function withElf<Result>(
  path: string,
  name: string,
  use: (file: FileParts, header: Bytes) => Promise<Result>,
): Promise<Result | undefined> {
  const handle = await open(path);
  try {
    const facts = await handle.stat();
    if (!facts.isFile() || facts.size < HEADER_BYTES) return undefined;
    const file = new FileParts(handle, name, facts.size);
    const header = await file.read(0, HEADER_BYTES);
    return header.slice(0, 4).toString('latin1') === '\x7fELF' ? await use(file, header) : undefined;
  } finally {
    await handle.close();
  }
}

function isLittle64(header: Bytes): boolean {
  return header.u8(4) === 2 && header.u8(5) === 1;
}

/** Of 32 bits, or big end first: that it is for another architecture is all that counts. */
function foreign(header: Bytes): Elf {
  const bits = header.u8(4) === 1 ? 'of 32 bits' : 'big end first';
  const architecture = `${ARCHITECTURES[header.u16(18)] ?? 'unknown'}, ${bits}`;
  return { architecture, interpreter: undefined, ...STATIC, kernel: undefined, isaLevel: undefined, go: undefined };
}

/** Of a program that needs no library. */
const STATIC: Dynamic = { soname: undefined, needed: [], searchPath: [], needs: [], defines: [] };

async function readWhole(file: FileParts, header: Bytes): Promise<Elf> {
  const segments = await readSegments(file, header);
  const first = (type: number): Segment | undefined => segments.find((segment) => segment.type === type);
  const dynamic = first(DYNAMIC);
  const notes = await readNotes(
    file,
    segments.filter(({ type }) => type === NOTE),
  );
  const go = await goBuild(
    file,
    segments.filter(({ type, isWritable }) => type === LOAD && isWritable),
  );
  return {
    architecture: ARCHITECTURES[header.u16(18)] ?? `unknown (${header.u16(18)})`,
    interpreter: await readInterpreter(file, first(INTERPRETER)),
    ...(dynamic ? await readDynamic(file, dynamic, segments) : STATIC),
    ...{ kernel: notes.kernel, isaLevel: go?.level ?? notes.isaLevel },
    go: go?.version,
  };
}

/** @throws {CodedError} PROGRAM_INVALID. */
export async function readSegments(file: FileParts, header: Bytes): Promise<Segment[]> {
  const [start, each, count] = [header.u64(32), header.u16(54), header.u16(56)];
  if (count > 0 && each !== SEGMENT_BYTES) throw header.invalid(54, `segments of ${SEGMENT_BYTES} bytes`, String(each));
  const table = await file.read(start, count * SEGMENT_BYTES);
  return Array.from({ length: count }, (_, n) => {
    const at = n * SEGMENT_BYTES;
    return {
      type: table.u32(at),
      isWritable: (table.u32(at + 4) & WRITABLE) !== 0,
      isExecutable: (table.u32(at + 4) & EXECUTABLE) !== 0,
      offset: table.u64(at + 8),
      address: table.u64(at + 16),
      bytes: table.u64(at + 32),
    };
  });
}

async function readInterpreter(file: FileParts, segment: Segment | undefined): Promise<string | undefined> {
  if (!segment) return undefined;
  return (await file.read(segment.offset, Math.min(segment.bytes, LONGEST_PATH))).text(0);
}
