import sharp from 'sharp';
import './open.js';

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
