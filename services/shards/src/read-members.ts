import { CodedError, isCodedError } from '@bluewaters/errors';
import { indexKeys } from '@bluewaters/records';
import { inOrder } from '@bluewaters/service';
import type { ObjectStore, SourceFile } from '@bluewaters/storage';
import { sha256Of, type LabelledImage } from './load-index.js';

/** Images are read in portions of so many bytes: enough to sort reads by place, little enough to hold. */
const PORTION_BYTES = 32 * 1024 * 1024;
const LARGEST_READ_BYTES = 8 * 1024 * 1024;
const READS_AT_A_TIME = 8;
/** Bytes between two members that are read and thrown away rather than asking twice. */
const GAP_BYTES = { local: 64 * 1024, remote: 512 * 1024 } as const;

/** Where the bytes of an index's images are. */
export interface ImageBytes {
  readonly dataset: string;
  readonly archive: SourceFile;
  readonly store: ObjectStore;
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
  const found = new Map<LabelledImage, Uint8Array>();
  const originals = images.filter(({ repaired }) => repaired === undefined);
  const reads = neighbours(originals, from.archive.remote ? GAP_BYTES.remote : GAP_BYTES.local);
  for await (const members of inOrder(reads, READS_AT_A_TIME, (read) => readTogether(read, from))) {
    for (const { image, bytes } of members) found.set(image, bytes);
  }
  const repaired = images.filter((image) => image.repaired !== undefined);
  for await (const { image, bytes } of inOrder(repaired, READS_AT_A_TIME, (each) => readRepaired(each, from))) {
    found.set(image, bytes);
  }
  return images.map((image) => ({ image, bytes: found.get(image)! }));
}

/** Groups images that lie close to each other in the archive. */
function* neighbours(images: readonly LabelledImage[], gap: number): Generator<LabelledImage[]> {
  let group: LabelledImage[] = [];
  for (const image of images.toSorted((a, b) => a.offset - b.offset)) {
    const [first, last] = [group[0], group.at(-1)];
    const isNear =
      first !== undefined &&
      last !== undefined &&
      image.offset - endOf(last) <= gap &&
      endOf(image) - first.offset <= LARGEST_READ_BYTES;
    if (!isNear && group.length > 0) {
      yield group;
      group = [];
    }
    group.push(image);
  }
  if (group.length > 0) yield group;
}

async function readTogether(images: readonly LabelledImage[], { archive }: ImageBytes): Promise<LoadedImage[]> {
  const start = images[0]!.offset;
  const end = images.reduce((furthest, image) => Math.max(furthest, endOf(image)), 0);
  const bytes = await archive.read({ offset: start, length: end - start });
  return images.map((image) => {
    const member = bytes.subarray(image.offset - start, endOf(image) - start);
    assertOriginal(image, member, archive.file);
    // A copy, so that one small image does not hold on to all that was read with it.
    return { image, bytes: images.length === 1 ? member : member.slice() };
  });
}

async function readRepaired(image: LabelledImage, { store, dataset }: ImageBytes): Promise<LoadedImage> {
  const key = indexKeys.repaired(dataset, image.sha256);
  const bytes = await store.get(key).catch((error: unknown) => {
    throw isCodedError(error, 'OBJECT_NOT_FOUND') ? wrongCopy(key, image, 'no such object') : error;
  });
  const digest = sha256Of(bytes);
  if (digest !== image.repaired) throw wrongCopy(key, image, `sha256 ${digest}`);
  return { image, bytes };
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
