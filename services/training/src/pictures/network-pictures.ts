/** What a network's insides look like. */
import type { InputContract } from '@bluewaters/models';
import { blank, enlarged, mosaic, type Raster } from './raster.js';

/** More tiles than this make no picture that anyone looks at. */
const MOST_TILES = 64;
/** A kernel of a few pixels is shown at least so large. */
const KERNEL_PIXELS = 24;
const MATRIX_PIXELS = 480;

/**
 * Pictures as a network gets them, with its normalisation taken back.
 *
 * @param values Row by row. @param shape [pictures, height, width, channels].
 */
export function inputPicture(
  values: ArrayLike<number>,
  shape: readonly number[],
  { mean, std, colourOrder }: Pick<InputContract, 'mean' | 'std' | 'colourOrder'>,
): Raster {
  const [pictures = 0, height = 0, width = 0, channels = 0] = shape;
  const size = height * width * channels;
  const tiles = Array.from({ length: pictures }, (_, picture) => {
    const tile = blank(width, height);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      const byte = (channel: number): number => {
        const value = values[picture * size + pixel * channels + channel] ?? 0;
        const share = value * (std[channel] ?? 1) + (mean[channel] ?? 0);
        return Math.round(255 * Math.min(1, Math.max(0, share)));
      };
      tile.rgb.set(
        channels === 3 ? redFirst([0, 1, 2].map(byte), colourOrder) : [byte(0), byte(0), byte(0)],
        3 * pixel,
      );
    }
    return tile;
  });
  return mosaic(tiles);
}

/** Three channels in the order in which screens have them. */
function redFirst(channels: readonly number[], order: InputContract['colourOrder']): readonly number[] {
  return order === 'BGR' ? [...channels].reverse() : channels;
}

/**
 * The kernels of a first layer, a tile each, in colour where they see colours; all on one scale, so that weak ones look
 * weak. Grey is zero.
 *
 * @param values Row by row. @param shape [height, width, inputs, kernels].
 */
export function kernelPicture(
  values: ArrayLike<number>,
  shape: readonly number[],
  { colourOrder }: Pick<InputContract, 'colourOrder'>,
): Raster {
  const [height = 0, width = 0, inputs = 0, kernels = 0] = shape;
  const largest = Math.max(1e-12, ...Array.from(values, Math.abs));
  const byte = (value: number): number => Math.round(127.5 + 127.5 * (value / largest));
  const tiles = Array.from({ length: Math.min(kernels, MOST_TILES) }, (_, kernel) => {
    const tile = blank(width, height);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      const at = (input: number): number => byte(values[(pixel * inputs + input) * kernels + kernel] ?? 0);
      tile.rgb.set(inputs === 3 ? redFirst([0, 1, 2].map(at), colourOrder) : [at(0), at(0), at(0)], 3 * pixel);
    }
    return tile;
  });
  return mosaic(tiles.map((tile) => enlarged(tile, Math.max(1, Math.ceil(KERNEL_PIXELS / width)))));
}

/**
 * What a layer makes of one picture, a grey tile for each channel, each on its own scale from least to greatest.
 *
 * @param values Row by row. @param shape [height, width, channels].
 */
export function activationPicture(values: ArrayLike<number>, shape: readonly number[]): Raster {
  const [height = 0, width = 0, channels = 0] = shape;
  const tiles = Array.from({ length: Math.min(channels, MOST_TILES) }, (_, channel) => {
    const its = Array.from({ length: width * height }, (_, pixel) => values[pixel * channels + channel] ?? 0);
    const least = its.reduce((a, b) => Math.min(a, b));
    const range = Math.max(1e-12, its.reduce((a, b) => Math.max(a, b)) - least);
    const tile = blank(width, height);
    its.forEach((value, pixel) => tile.rgb.fill(Math.round((255 * (value - least)) / range), 3 * pixel, 3 * pixel + 3));
    return tile;
  });
  return mosaic(tiles);
}

/** A confusion matrix: rows are the truth; white is none of a row, dark blue all of it. */
export function confusionPicture(confusion: readonly (readonly number[])[]): Raster {
  const classes = confusion.length;
  const matrix = blank(classes, classes);
  confusion.forEach((row, truth) => {
    const total = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    );
    row.forEach((count, answer) => {
      const light = 1 - count / total;
      matrix.rgb.set([255 * light, 60 + 195 * light, 130 + 125 * light], 3 * (truth * classes + answer));
    });
  });
  return enlarged(matrix, Math.max(1, Math.floor(MATRIX_PIXELS / classes)));
}
