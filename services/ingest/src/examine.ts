import { createHash } from 'node:crypto';
import { isCodedError } from '@bluewaters/errors';
import { assertDecodes, inspectImage, repairImage, type ImageLimits } from '@bluewaters/images';
import { indexKeys, type IndexedExample } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/** A member whose bytes are here. */
export interface LoadedMember {
  /** Without folders. */
  readonly name: string;
  /** `Images.tar/n01440764.tar/n01440764_18.JPEG`, for errors. */
  readonly file: string;
  /** From the start of the plain archive. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Where repaired copies go, and what a picture may cost. */
export interface ExamineContext {
  readonly store: ObjectStore;
  /** What the index is kept under. */
  readonly index: string;
  readonly limits: ImageLimits;
  /** `full` decodes every pixel; `header` follows the markers to the end of the image. */
  readonly check: 'header' | 'full';
}

/**
 * Turns one member into a line of the index; where TensorFlow could not read the picture, a repaired copy is stored.
 *
 * @throws {CodedError} IMAGE_INVALID, IMAGE_TOO_LARGE naming member and offset; or the store's.
 */
export async function examine(member: LoadedMember, context: ExamineContext): Promise<IndexedExample> {
  const { name, file, offset, bytes } = member;
  const { limits, check } = context;
  const { readable, reason, ...picture } = await inspectImage(bytes, { file, offset }, limits);
  const original = { name, offset, size: bytes.length, sha256: sha256(bytes), ...picture };
  if (readable && check === 'full') await assertDecodes(bytes, picture, { file, offset }, limits);
  if (readable) return original;
  const repaired = await repair(member, original.sha256, context);
  return { ...original, channels: 3, repaired, ...(reason !== undefined && { repairedFor: reason }) };
}

/**
 * Stores the repaired copy under the original's digest and gives the copy's own. A copy that is there already is kept,
 * whichever version of the codec made it, so that indexing again changes no byte.
 */
async function repair(member: LoadedMember, original: string, context: ExamineContext): Promise<string> {
  const key = indexKeys.repaired(context.index, original);
  if (await context.store.stat(key)) return sha256(await context.store.get(key));
  const { encoded } = await repairImage(member.bytes, member, context.limits);
  try {
    await context.store.put(key, encoded, { ifAbsent: true });
    return sha256(encoded);
  } catch (error) {
    if (!isCodedError(error, 'OBJECT_EXISTS')) throw error;
    return sha256(await context.store.get(key));
  }
}

/** In hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
