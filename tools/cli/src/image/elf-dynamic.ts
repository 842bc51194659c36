/** The dynamic section: which libraries a file needs, in which versions, and which versions it has to give. */
import type { Bytes, FileParts } from './bytes.js';
import type { Segment } from './elf.js';

const ENTRY_BYTES = 16;
const LOAD = 1;
/** Tags of `elf.h`. */
const TAG = {
  needed: 1,
  names: 5,
  namesBytes: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
  defines: 0x6ffffffc,
  definesCount: 0x6ffffffd,
  needs: 0x6ffffffe,
  needsCount: 0x6fffffff,
} as const;

/** Versions that are wanted of a library. */
export interface VersionNeed {
  /** Such as `libc.so.6`. */
  readonly library: string;
  /** Such as `GLIBC_2.17`, without those that may be absent. */
  readonly versions: readonly string[];
}

/** What stands in the dynamic section. */
export interface Dynamic {
  readonly soname: string | undefined;
  /** Libraries by name, in the order in which they are loaded. */
  readonly needed: readonly string[];
  /** Where they are looked for first; `$ORIGIN` stands for the file's own folder. */
  readonly searchPath: readonly string[];
  readonly needs: readonly VersionNeed[];
  /** Versions that others may want of this one. */
  readonly defines: readonly string[];
}

/** @throws {CodedError} PROGRAM_INVALID. */
export async function readDynamic(file: FileParts, segment: Segment, segments: readonly Segment[]): Promise<Dynamic> {
  const entries = await readEntries(file, segment);
  const { table, all, value } = entries;
  const within = (tag: number): Promise<Bytes> => readAt(file, segments, { address: value(tag), table });
  const names = await namesBy(entries, file, segments);
  const paths = all(TAG.runpath).length > 0 ? all(TAG.runpath) : all(TAG.rpath);
  return {
    soname: all(TAG.soname).map((at) => names.text(at))[0],
    needed: all(TAG.needed).map((at) => names.text(at)),
    searchPath: paths.flatMap((at) => names.text(at).split(':')).filter(Boolean),
    needs: value(TAG.needs) ? readNeeds(await within(TAG.needs), names, value(TAG.needsCount)) : [],
    defines: value(TAG.defines) ? readDefinitions(await within(TAG.defines), names, value(TAG.definesCount)) : [],
  };
}

/**
 * Names of libraries, versions and of all that a file has for others or wants of them.
 *
 * @throws {CodedError} PROGRAM_INVALID.
 */
export async function readNames(file: FileParts, dynamic: Segment, segments: readonly Segment[]): Promise<Bytes> {
  return namesBy(await readEntries(file, dynamic), file, segments);
}

function namesBy({ table, value }: Entries, file: FileParts, segments: readonly Segment[]): Promise<Bytes> {
  const address = value(TAG.names);
  const segment = holding(segments, address, table);
  return file.read(segment.offset + address - segment.address, value(TAG.namesBytes));
}

/** What a dynamic section is a list of. */
interface Entries {
  readonly table: Bytes;
  /** Values of a tag, in order; of {@link Entries.value} the first, or 0. */
  readonly all: (tag: number) => number[];
  readonly value: (tag: number) => number;
}

async function readEntries(file: FileParts, segment: Segment): Promise<Entries> {
  const table = await file.read(segment.offset, segment.bytes);
  const entries: (readonly [tag: number, value: number])[] = [];
  for (let at = 0; at + ENTRY_BYTES <= table.length; at += ENTRY_BYTES) {
    // Of 8 bytes; those that are looked for fit in 4.
    const tag = table.u32(at + 4) === 0 ? table.u32(at) : NaN;
    if (tag === 0) break;
    if (Object.values<number>(TAG).includes(tag)) entries.push([tag, table.u64(at + 8)]);
  }
  const all = (tag: number): number[] => entries.filter(([one]) => one === tag).map(([, value]) => value);
  return { table, all, value: (tag) => all(tag)[0] ?? 0 };
}

/** From an address to the end of its segment. */
async function readAt(
  file: FileParts,
  segments: readonly Segment[],
  { address, table }: { readonly address: number; readonly table: Bytes },
): Promise<Bytes> {
  const segment = holding(segments, address, table);
  const within = address - segment.address;
  return file.read(segment.offset + within, Math.min(segment.bytes - within, MOST_VERSION_BYTES));
}

/** The largest lists of versions have a tenth of it; lists within lists must not take long to follow. */
const MOST_VERSION_BYTES = 64 << 10;
const LEAST_RECORD_BYTES = 16;

function holding(segments: readonly Segment[], address: number, table: Bytes): Segment {
  const segment = segments.find(
    ({ type, address: start, bytes }) => type === LOAD && address >= start && address < start + bytes,
  );
  if (!segment) throw table.invalid(0, 'an address within a segment', `0x${address.toString(16)}`);
  return segment;
}

/** Of a version that nobody misses when it is not there. */
const WEAK = 2;

/** A list of libraries, each with a list of versions; each record says how far it is to the next. */
function readNeeds(bytes: Bytes, names: Bytes, count: number): VersionNeed[] {
  return follow(bytes, { start: 0, count, next: 12 }).map((at) => {
    const versions = follow(bytes, { start: at + bytes.u32(at + 8), count: bytes.u16(at + 2), next: 12 });
    return {
      library: names.text(bytes.u32(at + 4)),
      versions: versions
        .filter((one) => (bytes.u16(one + 4) & WEAK) === 0)
        .map((one) => names.text(bytes.u32(one + 8))),
    };
  });
}

function readDefinitions(bytes: Bytes, names: Bytes, count: number): string[] {
  return follow(bytes, { start: 0, count, next: 16 }).map((at) => names.text(bytes.u32(at + bytes.u32(at + 12))));
}

/** Offsets of the records of a list; a distance always leads forward, so that every list ends. */
function follow(
  bytes: Bytes,
  { start, count, next }: { readonly start: number; readonly count: number; readonly next: number },
): number[] {
  const found: number[] = [];
  for (let at = start; found.length < count; ) {
    found.push(at);
    const distance = bytes.u32(at + next);
    if (distance === 0) break;
    if (distance < LEAST_RECORD_BYTES)
      throw bytes.invalid(at + next, `at least ${LEAST_RECORD_BYTES}`, String(distance));
    at += distance;
  }
  return found;
}
