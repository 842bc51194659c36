/** Notes of GNU's tools: the oldest kernel, and the processor that a file was compiled for. */
import type { Bytes, FileParts } from './bytes.js';
import type { Segment } from './elf.js';

const ABI_TAG = 1;
const PROPERTIES = 5;
const LINUX = 0;
/** Of `elf.h`: a set of levels of x86-64 without which the file does not run. */
const ISA_NEEDED = 0xc0008002;

/** What notes say. */
export interface Notes {
  /** The oldest Linux that its C library was built for, such as `3.2.0`. */
  readonly kernel: string | undefined;
  /** The level of x86-64, 1 to 4, that it was compiled for; 3 has AVX2. */
  readonly isaLevel: number | undefined;
}

/** @throws {CodedError} PROGRAM_INVALID. */
export async function readNotes(file: FileParts, segments: readonly Segment[]): Promise<Notes> {
  let notes: Notes = { kernel: undefined, isaLevel: undefined };
  for (const { offset, bytes } of segments) {
    const table = await file.read(offset, bytes);
    for (let at = 0; at + 12 <= table.length; ) {
      const [nameBytes, descBytes, type] = [table.u32(at), table.u32(at + 4), table.u32(at + 8)];
      const desc = at + 12 + aligned(nameBytes, 4);
      if (table.slice(at + 12, nameBytes).toString('latin1') === 'GNU\0')
        notes = withNote(notes, { table, type, desc, descBytes });
      at = desc + aligned(descBytes, type === PROPERTIES ? 8 : 4);
    }
  }
  return notes;
}

interface Note {
  readonly table: Bytes;
  readonly type: number;
  readonly desc: number;
  readonly descBytes: number;
}

function withNote(notes: Notes, { table, type, desc, descBytes }: Note): Notes {
  if (type === ABI_TAG && table.u32(desc) === LINUX) {
    return { ...notes, kernel: [4, 8, 12].map((at) => table.u32(desc + at)).join('.') };
  }
  if (type !== PROPERTIES) return notes;
  for (let at = desc; at + 8 <= desc + descBytes; at += 8 + aligned(table.u32(at + 4), 8)) {
    // The highest of the bits that are set.
    if (table.u32(at) === ISA_NEEDED) return { ...notes, isaLevel: 32 - Math.clz32(table.u32(at + 8)) };
  }
  return notes;
}

function aligned(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
