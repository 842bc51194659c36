import { codec } from './codec.js';

/** How raw pixels lie. */
export interface PixelLayout {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for RGB; interleaved, a byte each, row by row from the top. */
  readonly channels: 1 | 3;
}

/**
 * Encodes raw pixels as a baseline JPEG, grey or RGB without chroma subsampling. Runs outside JavaScript's thread.
 *
 * @throws {CodedError} TOOL_MISSING where libvips does not run.
 */
export async function encodeJpeg(
  pixels: Uint8Array,
  layout: PixelLayout & {
    /** 1 to 100. */
    readonly quality: number;
  },
): Promise<Uint8Array> {
  const { width, height, channels, quality } = layout;
  const picture = codec()(pixels, { raw: { width, height, channels } });
  return (channels === 1 ? picture.toColourspace('b-w') : picture)
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
