import sharp from 'sharp';
import type { ImageLimits } from './limits.js';

// Every picture is met once, and many are in work at a time: caches and threads inside one picture only cost.
sharp.cache(false);
sharp.concurrency(1);

/** Opens encoded bytes for libvips: strict (a picture with damage is refused), first frame only, within the limits. */
export function openPicture(bytes: Uint8Array, limits: ImageLimits): sharp.Sharp {
  return sharp(bytes, { failOn: 'warning', limitInputPixels: limits.maxPixels, pages: 1, sequentialRead: true });
}
