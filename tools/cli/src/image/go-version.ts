import type { FileParts } from './bytes.js';
import type { Segment } from './elf.js';

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
/** The linker puts it among what is written to, on a multiple of this; behind all constants where C has a part in it. */
const ALIGNED = 16;
const WITHIN = 64 << 20;
/** A flag: length and text of the version follow in place, since Go 1.18. */
const IN_PLACE = 2;
const TEXT_AT = 32;

/** How Go was asked for x86-64, in the settings that follow the version. */
const LEVEL = /^build\tGOAMD64=v([1-4])$/mu;
const MOST_SETTINGS = 1 << 20;

/** What Go says in a program that it built. */
export interface GoBuild {
  /** Such as `go1.22.4`, or `before 1.18` where it is written otherwise. */
  readonly version: string;
  /** The level of x86-64, without which the program stops at its start; undefined where it is not said. */
  readonly level: number | undefined;
}

/**
 * The Go that built a program.
 *
 * @param segments Those that are loaded and written to.
 * @see debug/buildinfo in Go's own library.
 */
export async function goBuild(file: FileParts, segments: readonly Segment[]): Promise<GoBuild | undefined> {
  for (const { offset, address, bytes } of segments) {
    const start = await file.read(offset, Math.min(bytes, WITHIN));
    const all = start.slice(0, start.length);
    for (let at = all.indexOf(MAGIC); at >= 0; at = all.indexOf(MAGIC, at + 1)) {
      if ((address + at) % ALIGNED !== 0) continue;
      if ((start.u8(at + 15) & IN_PLACE) === 0) return { version: 'before 1.18', level: undefined };
      const version = start.slice(at + TEXT_AT + 1, start.u8(at + TEXT_AT)).toString('latin1');
      const settings = all.toString('latin1', at + TEXT_AT, at + TEXT_AT + MOST_SETTINGS);
      const [, level] = LEVEL.exec(settings) ?? [];
      return { version, level: level === undefined ? undefined : Number(level) };
    }
  }
  return undefined;
}
