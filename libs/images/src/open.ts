import type { JpegOptions, OutputInfo, Sharp } from 'sharp';
import { codec } from './codec.js';
import { invalidImage, type ImageLimits, type ImageSource } from './limits.js';

/**
 * Opens encoded bytes for libvips: strict (a picture with damage is refused), first frame only, within the limits.
 *
 * @throws {CodedError} TOOL_MISSING where libvips does not run.
 */
export function openPicture(bytes: Uint8Array, limits: ImageLimits): Sharp {
  return codec()(bytes, { failOn: 'warning', limitInputPixels: limits.maxPixels, pages: 1, sequentialRead: true });
}

/**
 * What libvips makes of a picture.
 *
 * @throws {CodedError} IMAGE_INVALID, with the picture's name and why not.
 */
export function decoded<Made>(made: Promise<Made>, source: ImageSource): Promise<Made> {
  return made.catch((error: unknown) => {
    throw invalidImage(source, `a picture that can't be decoded: ${String(error)}`, error);
  });
}

/**
 * Decodes a picture and encodes it as a baseline RGB JPEG without metadata, transparent on white.
 *
 * @throws {CodedError} IMAGE_INVALID when it can't be decoded whole.
 */
export function toRgbJpeg(
  picture: Sharp,
  options: JpegOptions,
  source: ImageSource,
): Promise<{ data: Buffer; info: OutputInfo }> {
  const jpeg = picture.flatten({ background: '#ffffff' }).toColourspace('srgb').jpeg(options);
  return decoded(jpeg.toBuffer({ resolveWithObject: true }), source);
}
