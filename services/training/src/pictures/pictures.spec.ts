import { describe, expect, it } from 'vitest';
import { activationPicture, confusionPicture, inputPicture, kernelPicture } from './network-pictures.js';
import { blank, enlarged, mosaic, outline, type Raster } from './raster.js';

/** Reds of a row. */
function reds({ width, rgb }: Raster, row = 0): number[] {
  return Array.from({ length: width }, (_, x) => rgb[3 * (row * width + x)] ?? NaN);
}

describe('rasters', () => {
  it('lie side by side and below one another, with white between them', () => {
    const whole = mosaic([0, 50, 100].map((value) => blank(2, 1, value)));
    expect([whole.width, whole.height]).toEqual([5, 3]);
    expect([0, 1, 2].map((row) => reds(whole, row))).toEqual([
      [0, 0, 255, 50, 50],
      [255, 255, 255, 255, 255],
      [100, 100, 255, 255, 255],
    ]);
  });

  it('grow by whole pixels', () => {
    const small: Raster = { width: 2, height: 1, rgb: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const large = enlarged(small, 2);
    expect([...large.rgb.subarray(0, 12)]).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
    expect([...large.rgb.subarray(12)]).toEqual([...large.rgb.subarray(0, 12)]);
  });

  it('have boxes drawn on them where these say, also at the very edge', () => {
    const picture = blank(10, 10, 0);
    outline(picture, { xmin: 0.2, xmax: 0.5, ymin: 0.1, ymax: 1 }, [255, 0, 0]);
    expect(reds(picture, 1)).toEqual([0, 0, 255, 255, 255, 255, 0, 0, 0, 0]);
    expect(reds(picture, 5)).toEqual([0, 0, 255, 0, 0, 255, 0, 0, 0, 0]);
    expect(reds(picture, 9)).toEqual([0, 0, 255, 255, 255, 255, 0, 0, 0, 0]);
    expect(reds(picture, 0)).toEqual(Array.from({ length: 10 }, () => 0));
  });
});

describe('pictures of a network', () => {
  it('show a kernel that sees colours in its colours, zero as grey', () => {
    const { rgb, width } = kernelPicture([1, 0, -1], [1, 1, 3, 1], {});
    expect(width).toBe(24);
    expect([...rgb.subarray(0, 3)]).toEqual([255, 128, 0]);
  });

  it('show red as red, also what a network sees blue first', () => {
    const scale = { mean: [0, 0, 0], std: [1, 1, 1] };
    const shownAs = (seen: number[], colourOrder: 'RGB' | 'BGR') => [
      ...inputPicture(seen, [1, 1, 1, 3], { ...scale, colourOrder }).rgb,
    ];
    expect(shownAs([1, 0.2, 0], 'RGB')).toEqual([255, 51, 0]);
    expect(shownAs([0, 0.2, 1], 'BGR')).toEqual([255, 51, 0]);
    expect([...kernelPicture([-1, 0, 1], [1, 1, 3, 1], { colourOrder: 'BGR' }).rgb.subarray(0, 3)]).toEqual([
      255, 128, 0,
    ]);
  });

  it('show each channel of a layer from its own least to its own greatest', () => {
    const two = activationPicture([0, 10, 1, 30], [1, 2, 2]); // channel 0: 0, 1; channel 1: 10, 30
    expect(reds(two)).toEqual([0, 255, 255, 0, 255]);
  });

  it('show a confusion matrix white where nothing is, and dark on the diagonal of a good one', () => {
    const picture = confusionPicture([
      [5, 0],
      [0, 9],
    ]);
    expect([picture.width, picture.height]).toEqual([480, 480]);
    expect(reds(picture)[0]).toBe(0);
    expect(reds(picture)[479]).toBe(255);
  });
});
