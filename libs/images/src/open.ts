import type { Sharp } from 'sharp';
import { codec } from './codec.js';
import type { ImageLimits } from './limits.js';

/**
 * Opens encoded bytes for libvips: strict (a picture with damage is refused), first frame only, within the limits.
 *
 * @throws {CodedError} TOOL_MISSING where libvips does not run.
 */
export function openPicture(bytes: Uint8Array, limits: ImageLimits): Sharp {
  return codec()(bytes, { failOn: 'warning', limitInputPixels: limits.maxPixels, pages: 1, sequentialRead: true });
}
