import { inspectImage } from './inspect.js';
import { DEFAULT_LIMITS, assertBytes, type ImageLimits, type ImageSource } from './limits.js';
import { openPicture, toRgbJpeg } from './open.js';

/** Nearly without loss: repaired pictures are few, and are encoded a second time. */
const REPAIR_QUALITY = 95;

/** A picture in the form that TensorFlow reads. */
export interface RepairedImage {
  /** A baseline RGB JPEG without metadata. */
  readonly encoded: Uint8Array;
  /** In pixels, as the original's. */
  readonly width: number;
  /** In pixels, as the original's. */
  readonly height: number;
}

/**
 * Decodes a picture and encodes it as an RGB JPEG of the same size: CMYK by its profile, 16 bits to 8, transparent on
 * white, the first frame of an animation. The bytes depend on the version of the codec.
 *
 * @throws {CodedError} IMAGE_INVALID when it can't be decoded whole, IMAGE_TOO_LARGE by `limits`, TOOL_MISSING where libvips
 * does not run.
 */
export async function repairImage(
  bytes: Uint8Array,
  source: ImageSource,
  limits: ImageLimits = DEFAULT_LIMITS,
): Promise<RepairedImage> {
  assertBytes(bytes, source, limits);
  const options = { quality: REPAIR_QUALITY, chromaSubsampling: '4:4:4' };
  const { data, info } = await toRgbJpeg(openPicture(bytes, limits), options, source);
  return { encoded: data, width: info.width, height: info.height };
}

/**
 * A picture of any known format as JPEG: an ordinary JPEG comes back untouched, everything else repaired.
 *
 * @throws {CodedError} IMAGE_INVALID, IMAGE_TOO_LARGE, TOOL_MISSING.
 */
export async function asJpeg(
  bytes: Uint8Array,
  source: ImageSource,
  limits: ImageLimits = DEFAULT_LIMITS,
): Promise<Uint8Array> {
  const { readable } = await inspectImage(bytes, source, limits);
  return readable ? bytes : (await repairImage(bytes, source, limits)).encoded;
}
