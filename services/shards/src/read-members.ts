import { CodedError, isCodedError } from '@bluewaters/errors';
import { indexKeys } from '@bluewaters/records';
import { inOrder } from '@bluewaters/service';
import type { ObjectStore, SourceFile } from '@bluewaters/storage';
import { sha256Of, type LabelledImage } from './load-index.js';

/** Images are read in portions of so many bytes: enough to sort reads by place, little enough to hold. */
const PORTION_BYTES = 12 * 1024 * 1024;
const READS_AT_A_TIME = 8;
/**
 * What is read in one call: members no further apart than `gap` bytes, together up to `most`. Over a network a call costs
 * more than bytes; on this machine short-lived large buffers do.
 */
const READS = {
  local: { gap: 64 * 1024, most: 1024 * 1024 },
  remote: { gap: 512 * 1024, most: 8 * 1024 * 1024 },
} as const;

/** Where the bytes of an index's images are. */
export interface ImageBytes {
  /** What the index is kept under. */
  readonly index: string;
  readonly archive: SourceFile;
  readonly store: ObjectStore;
  /** By synset: what boxes around objects of other classes are labelled with. */
  readonly labels: ReadonlyMap<string, number>;
}

/** An image with the encoded bytes that go into its record. */
export interface LoadedImage {
  readonly image: LabelledImage;
  readonly bytes: Uint8Array;
}

/**
 * Reads images in the order given, each checked against its digest. The archive is read by place: neighbours in one call.
 *
 * @throws {CodedError} ARCHIVE_CHANGED naming member and offset; INDEX_INVALID for a repaired copy that is missing or
 * damaged; what the source and store throw.
 */
export async function* readMembers(images: readonly LabelledImage[], from: ImageBytes): AsyncGenerator<LoadedImage> {
  // Two at a time: the next portion is read while this one is written.
  for await (const loaded of inOrder(portions(images), 2, (portion) => readPortion(portion, from))) yield* loaded;
}

function* portions(images: readonly LabelledImage[]): Generator<LabelledImage[]> {
  let portion: LabelledImage[] = [];
  let bytes = 0;
  for (const image of images) {
    if (bytes + image.size > PORTION_BYTES && portion.length > 0) {
      yield portion;
      [portion, bytes] = [[], 0];
    }
    portion.push(image);
    bytes += image.size;
  }
  if (portion.length > 0) yield portion;
}

async function readPortion(images: readonly LabelledImage[], from: ImageBytes): Promise<LoadedImage[]> {
  const loaded = new Array<LoadedImage>(images.length);
  const wanted = images.map((image, at) => ({ image, at }));
  const originals = wanted.filter(({ image }) => image.repaired === undefined);
  const reads = neighbours(originals, from.archive.remote ? READS.remote : READS.local);
  for await (const members of inOrder(reads, READS_AT_A_TIME, (read) => readTogether(read, from))) {
    for (const { image, bytes, at } of members) loaded[at] = { image, bytes };
  }
  const repaired = wanted.filter(({ image }) => image.repaired !== undefined);
  for await (const { image, bytes, at } of inOrder(repaired, READS_AT_A_TIME, (each) => readRepaired(each, from))) {
    loaded[at] = { image, bytes };
  }
  return loaded;
}

/** An image and its place in the portion. */
interface Wanted {
  readonly image: LabelledImage;
  readonly at: number;
}

/** Groups images that lie close to each other in the archive. */
function* neighbours(
  wanted: readonly Wanted[],
  { gap, most }: { readonly gap: number; readonly most: number },
): Generator<Wanted[]> {
  let group: Wanted[] = [];
  let [start, end] = [0, 0];
  for (const each of [...wanted].sort((a, b) => a.image.offset - b.image.offset)) {
    const { image } = each;
    const isNear = image.offset - end <= gap && endOf(image) - start <= most;
    if (group.length > 0 && !isNear) {
      yield group;
      group = [];
    }
    if (group.length === 0) start = image.offset;
    end = endOf(image);
    group.push(each);
  }
  if (group.length > 0) yield group;
}

/** @param wanted In the order of the archive. */
async function readTogether(
  wanted: readonly Wanted[],
  { archive }: ImageBytes,
): Promise<(LoadedImage & { readonly at: number })[]> {
  const start = Math.min(...wanted.map(({ image }) => image.offset));
  const end = Math.max(...wanted.map(({ image }) => endOf(image)));
  const bytes = await archive.read({ offset: start, length: end - start });
  return wanted.map(({ image, at }) => {
    const member = bytes.subarray(image.offset - start, endOf(image) - start);
    assertOriginal(image, member, archive.file);
    // A copy, so that one small image does not hold on to all that was read with it; a Buffer's slice would be none.
    return { image, bytes: wanted.length === 1 ? member : new Uint8Array(member), at };
  });
}

async function readRepaired(
  { image, at }: Wanted,
  { store, index }: ImageBytes,
): Promise<LoadedImage & { readonly at: number }> {
  const key = indexKeys.repaired(index, image.sha256);
  const bytes = await store.get(key).catch((error: unknown) => {
    throw isCodedError(error, 'OBJECT_NOT_FOUND') ? wrongCopy(key, image, 'no such object') : error;
  });
  const digest = sha256Of(bytes);
  if (digest !== image.repaired) throw wrongCopy(key, image, `sha256 ${digest}`);
  return { image, bytes, at };
}

function assertOriginal(image: LabelledImage, bytes: Uint8Array, archive: string): void {
  const digest = sha256Of(bytes);
  if (digest === image.sha256) return;
  throw new CodedError('ARCHIVE_CHANGED', 'A member of the archive is not the one that was indexed', {
    details: {
      file: `${archive}/${image.class.synset}.tar/${image.name}`,
      offset: image.offset,
      expected: `sha256 ${image.sha256}`,
      got: `sha256 ${digest}`,
    },
  });
}

function wrongCopy(file: string, image: LabelledImage, got: string): CodedError {
  return new CodedError('INDEX_INVALID', 'A repaired picture is not the one that was indexed', {
    details: { file, expected: `sha256 ${image.repaired}`, got },
  });
}

function endOf({ offset, size }: LabelledImage): number {
  return offset + size;
}
