import { DEFAULT_LIMITS, assertBytes, type ImageLimits, type ImageSource } from './limits.js';
import { openPicture, toRgbJpeg } from './open.js';

/** Small pictures show every fault of the codec; this shows none. */
const QUALITY = 85;

/** A small copy of a picture. */
export interface Thumbnail {
  /** A baseline RGB JPEG without metadata. */
  readonly jpeg: Uint8Array;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** How small a copy is to be. */
export interface ThumbnailOptions extends ImageSource {
  /** Longer side at most, in pixels; smaller pictures keep their size. */
  readonly side: number;
  readonly limits?: ImageLimits;
}

/**
 * A small copy of a picture of any known format, in its own proportions and as it is stored: EXIF orientation is not
 * applied, so that boxes fit.
 *
 * @throws {CodedError} IMAGE_INVALID when it can't be decoded whole, IMAGE_TOO_LARGE by `limits`, TOOL_MISSING where libvips
 * does not run.
 */
export async function thumbnail(bytes: Uint8Array, options: ThumbnailOptions): Promise<Thumbnail> {
  const { side, limits = DEFAULT_LIMITS, ...source } = options;
  assertBytes(bytes, source, limits);
  const small = openPicture(bytes, limits).resize(side, side, { fit: 'inside', withoutEnlargement: true });
  const { data, info } = await toRgbJpeg(small, { quality: QUALITY }, source);
  return { jpeg: data, width: info.width, height: info.height };
}
