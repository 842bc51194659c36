import { CodedError } from '@bluewaters/errors';
import sharp from 'sharp';
import { DEFAULT_LIMITS } from './limits.js';
import { openPicture } from './open.js';

/** How raw pixels lie. */
export interface PixelLayout {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for RGB; interleaved, a byte each, row by row from the top. */
  readonly channels: 1 | 3;
}

/** Encodes raw pixels as a baseline JPEG, grey or RGB without chroma subsampling. Runs outside JavaScript's thread. */
export async function encodeJpeg(
  pixels: Uint8Array,
  layout: PixelLayout & {
    /** 1 to 100. */
    readonly quality: number;
  },
): Promise<Uint8Array> {
  const { width, height, channels, quality } = layout;
  const picture = sharp(pixels, { raw: { width, height, channels } });
  return (channels === 1 ? picture.toColourspace('b-w') : picture)
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** Encodes raw pixels as a PNG, which keeps each of them. */
export async function encodePng(pixels: Uint8Array, { width, height, channels }: PixelLayout): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels } }).png().toBuffer();
}

/**
 * The pixels of a picture, squeezed to a square.
 *
 * @param side In pixels.
 * @returns RGB, a byte each, row by row from the top.
 * @throws {CodedError} IMAGE_INVALID, IMAGE_TOO_LARGE.
 */
export async function decodeSquare(bytes: Uint8Array, side: number, limits = DEFAULT_LIMITS): Promise<Uint8Array> {
  try {
    const picture = openPicture(bytes, limits).resize(side, side, { fit: 'fill' }).removeAlpha().toColourspace('srgb');
    return await picture.raw().toBuffer();
  } catch (error) {
    throw new CodedError('IMAGE_INVALID', 'A picture cannot be decoded', {
      details: { got: error instanceof Error ? error.message : String(error) },
      cause: error,
    });
  }
}
