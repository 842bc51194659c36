import sharp from 'sharp';
import { randomNumbers } from './random.js';

/** What a synthetic picture is like. */
export interface SyntheticJpeg {
  /** In pixels. */
  readonly width?: number;
  readonly height?: number;
  /** 1 grey, 3 RGB, 4 CMYK. */
  readonly channels?: 1 | 3 | 4;
  /** The same seed and size give the same picture. */
  readonly seed?: number;
}

const COLOUR_SPACES = { 1: 'b-w', 3: 'srgb', 4: 'cmyk' } as const;

/** Encodes a picture of a few soft, coloured waves and a little noise: 32 × 24 RGB pixels unless told otherwise. */
export async function syntheticJpeg(options: SyntheticJpeg = {}): Promise<Buffer> {
  const { width = 32, height = 24, channels = 3, seed = 0 } = options;
  const pixels = drawPixels(width, height, seed);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toColourspace(COLOUR_SPACES[channels])
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** @returns uint8 [height, width, 3]. */
function drawPixels(width: number, height: number, seed: number): Uint8Array {
  const next = randomNumbers(seed);
  const waves = Array.from({ length: 3 }, () => ({
    x: (next() % 7) / width,
    y: (next() % 7) / height,
    at: next() % 7,
  }));
  const pixels = new Uint8Array(width * height * 3);
  for (let n = 0; n < pixels.length; n += 1) {
    const [pixel, channel] = [Math.floor(n / 3), n % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const wave = waves[channel]!;
    pixels[n] = 120 + 100 * Math.sin(wave.at + 3 * (wave.x * x + wave.y * y)) + (next() % 16);
  }
  return pixels;
}
