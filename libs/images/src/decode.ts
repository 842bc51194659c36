import type { ImageFacts } from './inspect.js';
import { isWholeBaseline } from './jpeg-codes.js';
import { startsAsJpeg } from './jpeg-walk.js';
import { assertBytes, DEFAULT_LIMITS, type ImageLimits, type ImageSource } from './limits.js';
import { decoded, openPicture } from './open.js';

/** How a picture is decoded. */
export interface SquareOptions extends ImageSource {
  /** In pixels. */
  readonly side: number;
  readonly limits?: ImageLimits;
}

/**
 * The pixels of a picture, squeezed to a square.
 *
 * @returns RGB, a byte each, row by row from the top.
 * @throws {CodedError} IMAGE_INVALID when it can't be decoded whole, IMAGE_TOO_LARGE by `limits`, TOOL_MISSING where libvips
 * does not run.
 */
export async function decodeSquare(bytes: Uint8Array, options: SquareOptions): Promise<Uint8Array> {
  const { side, limits = DEFAULT_LIMITS, ...source } = options;
  assertBytes(bytes, source, limits);
  const square = openPicture(bytes, limits).resize(side, side, { fit: 'fill' }).removeAlpha().toColourspace('srgb');
  return decoded(square.raw().toBuffer(), source);
}

/** Larger pictures are decoded a few rows at a time: slower, and without their 12 MB and more of pixels at once. */
const WHOLE_PIXELS = 4_000_000;

/**
 * Decodes every pixel of a picture and forgets it: what only its header said is certain then. Damage that a decoder would
 * hide, it does not. Of a baseline JPEG the codes are read to the last coefficient first; where they are whole, nothing is
 * left that could fail, and no colours are made of them.
 *
 * @param facts What {@link inspectImage} found.
 * @throws {CodedError} IMAGE_INVALID when it can't be decoded whole, TOOL_MISSING where libvips does not run.
 */
export async function assertDecodes(
  bytes: Uint8Array,
  facts: Pick<ImageFacts, 'width' | 'height'>,
  source: ImageSource,
  limits: ImageLimits = DEFAULT_LIMITS,
): Promise<void> {
  if (startsAsJpeg(bytes) && isWholeBaseline(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) return;
  const picture = openPicture(bytes, limits);
  const isLarge = facts.width * facts.height > WHOLE_PIXELS;
  await decoded<unknown>(isLarge ? picture.stats() : picture.raw().toBuffer(), source);
}
