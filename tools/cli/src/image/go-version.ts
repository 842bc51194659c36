import type { FileParts } from './bytes.js';
import type { Segment } from './elf.js';

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
/** The linker puts it near the start of what is written to, on a multiple of this. */
const WITHIN = 1 << 20;
const ALIGNED = 16;
/** A flag: length and text of the version follow in place, since Go 1.18. */
const IN_PLACE = 2;
const TEXT_AT = 32;

/**
 * The Go that built a program, such as `go1.22.4`.
 *
 * @param segments Those that are loaded and written to.
 * @see debug/buildinfo in Go's own library.
 */
export async function goVersion(file: FileParts, segments: readonly Segment[]): Promise<string | undefined> {
  for (const { offset, address, bytes } of segments) {
    const start = await file.read(offset, Math.min(bytes, WITHIN));
    const all = start.slice(0, start.length);
    for (let at = all.indexOf(MAGIC); at >= 0; at = all.indexOf(MAGIC, at + 1)) {
      if ((address + at) % ALIGNED !== 0) continue;
      if ((start.u8(at + 15) & IN_PLACE) === 0) return 'before 1.18';
      return start.slice(at + TEXT_AT + 1, start.u8(at + TEXT_AT)).toString('latin1');
    }
  }
  return undefined;
}
