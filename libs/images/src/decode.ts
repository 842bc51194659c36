import { assertBytes, DEFAULT_LIMITS, invalidImage, type ImageLimits, type ImageSource } from './limits.js';
import { openPicture } from './open.js';

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
 * @throws {CodedError} IMAGE_INVALID when it can't be decoded whole, IMAGE_TOO_LARGE by `limits`.
 */
export async function decodeSquare(bytes: Uint8Array, options: SquareOptions): Promise<Uint8Array> {
  const { side, limits = DEFAULT_LIMITS, ...source } = options;
  assertBytes(bytes, source, limits);
  return openPicture(bytes, limits)
    .resize(side, side, { fit: 'fill' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer()
    .catch((error: unknown) => {
      throw invalidImage(source, `a picture that can't be decoded: ${String(error)}`, error);
    });
}
