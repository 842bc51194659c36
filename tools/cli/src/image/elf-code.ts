/** Where machine code lies in an ELF file: in its sections, or in the segments of one that was stripped of them. */
import { isCodedError } from '@bluewaters/errors';
import type { Bytes, FileParts } from './bytes.js';
import type { Segment } from './elf.js';

const SECTION_BYTES = 64;
/** Of `elf.h`: a section with bytes of the program's own, and a flag of those that are executed. */
const PROGRAM_BITS = 1;
const EXECUTED = 4;
const LOAD = 1;

/** Bytes of a file, and where they are in memory. */
export interface CodeRange {
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** @returns In order; no byte twice, and none beyond the end of the file. */
export async function codeIn(file: FileParts, header: Bytes, segments: readonly Segment[]): Promise<CodeRange[]> {
  const sections = await codeSections(file, header);
  // In a segment, constants may lie beside the code.
  const ranges =
    sections.length > 0 ? sections : segments.filter(({ type, isExecutable }) => type === LOAD && isExecutable);
  return withoutOverlaps(ranges, file.size);
}

/** None where there is no table of sections, or a damaged one: loaders do not look at it. */
async function codeSections(file: FileParts, header: Bytes): Promise<CodeRange[]> {
  try {
    const [start, each, count] = [header.u64(40), header.u16(58), header.u16(60)];
    return each === SECTION_BYTES ? sectionsIn(await file.read(start, count * SECTION_BYTES)) : [];
  } catch (error) {
    if (isCodedError(error, 'PROGRAM_INVALID')) return [];
    throw error;
  }
}

function sectionsIn(table: Bytes): CodeRange[] {
  return Array.from({ length: table.length / SECTION_BYTES }, (_, n) => n * SECTION_BYTES)
    .filter((at) => table.u32(at + 4) === PROGRAM_BITS && (table.u32(at + 8) & EXECUTED) !== 0)
    .map((at) => ({ address: table.u64(at + 16), offset: table.u64(at + 24), bytes: table.u64(at + 32) }));
}

/** Files are of strangers: ten thousand sections may all name the same gigabyte. */
function withoutOverlaps(ranges: readonly CodeRange[], size: number): CodeRange[] {
  let done = 0;
  return [...ranges]
    .sort((a, b) => a.offset - b.offset)
    .flatMap(({ offset, address, bytes }) => {
      const start = Math.max(done, offset);
      const end = Math.min(size, offset + bytes);
      if (end <= start) return [];
      done = end;
      return [{ offset: start, address: address + start - offset, bytes: end - start }];
    });
}
