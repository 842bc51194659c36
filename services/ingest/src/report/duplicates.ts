/** Finds pictures that an index has several times, byte for byte, in memory that does not grow with the index. */
import { PrintSpool } from './print-spool.js';
import { shortDigest } from './shared-pictures.js';

/** A picture as its line has it. */
export interface DigestedPicture {
  /** `<synset>/<name>`. */
  readonly name: string;
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Prints of so many pictures are compared at a time: 8 MiB. */
const MOST_HELD = 1024 * 1024;
/** Prints that are written at a time. */
const CHUNK = 64 * 1024;
/** 52 bits of a digest: a number that is exact. Two pictures of 14 million have the same by chance once in fifty archives. */
const PRINT_DIGITS = 13;

/**
 * Finds duplicates by a look at all pictures, which leaves their prints, and then, where there are prints that came more than
 * once, another one to name them. Of many prints a part is compared at a time, those with the same rest.
 *
 * @param pictures Begins anew each time that it is called, in the order of the index.
 * @param count Of the pictures, at most.
 * @param options A folder with room for 8 bytes a picture, and how many prints to hold at a time.
 * @returns the names of each, in the order in which the second one comes.
 * @throws {CodedError} STORE_FULL, STORE_REFUSED by the folder.
 */
export async function findDuplicates(
  pictures: () => AsyncIterable<DigestedPicture>,
  count: number,
  { scratch, held = MOST_HELD }: { readonly scratch: string; readonly held?: number },
): Promise<string[][]> {
  await using spool = new PrintSpool(scratch, Math.min(held, CHUNK));
  for await (const { sha256 } of pictures()) await spool.add(printOf(sha256));
  const parts = Math.max(1, Math.ceil(count / held));
  const repeated = new Set<number>();
  for (let part = 0; part < parts; part++) {
    const prints = new Prints(Math.min(count, held), repeated);
    for await (const some of spool.read()) {
      for (const print of some) if (print % parts === part) prints.add(print);
    }
    prints.settle();
  }
  return repeated.size === 0 ? [] : namesOf(pictures(), repeated);
}

function printOf(sha256: string): number {
  return Number.parseInt(sha256.slice(0, PRINT_DIGITS), 16);
}

/** Some prints, of which those that come again are noted. */
class Prints {
  #held: Float64Array;
  #count = 0;
  readonly #repeated: Set<number>;

  constructor(room: number, repeated: Set<number>) {
    this.#held = new Float64Array(Math.max(1, room));
    this.#repeated = repeated;
  }

  add(print: number): void {
    if (this.#count === this.#held.length) this.#makeRoom();
    this.#held[this.#count++] = print;
  }

  /** Notes those that were added several times, and holds each once. */
  settle(): void {
    const sorted = this.#held.subarray(0, this.#count).sort();
    let kept = 0;
    for (const print of sorted) {
      if (kept > 0 && sorted[kept - 1] === print) this.#repeated.add(print);
      else sorted[kept++] = print;
    }
    this.#count = kept;
  }

  /** Parts are not quite of the same size. */
  #makeRoom(): void {
    this.settle();
    if (this.#count < this.#held.length / 2) return;
    const wider = new Float64Array(Math.ceil(this.#held.length * 1.5) + 1);
    wider.set(this.#held);
    this.#held = wider;
  }
}

/** What has one of the prints, by its digest; a print may be that of two. */
async function namesOf(pictures: AsyncIterable<DigestedPicture>, prints: ReadonlySet<number>): Promise<string[][]> {
  const first = new Map<string, string>();
  const several = new Map<string, string[]>();
  for await (const { name, sha256 } of pictures) {
    if (!prints.has(printOf(sha256))) continue;
    const digest = shortDigest(sha256);
    const before = first.get(digest);
    if (before === undefined) first.set(digest, name);
    else if (!several.get(digest)?.push(name)) several.set(digest, [before, name]);
  }
  return [...several.values()];
}
