import { describe, expect, it } from 'vitest';
import { decodeSquare, encodeJpeg, encodePng } from './index.js';

/** Left half red, right half blue. */
function halves(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const left = Math.floor(i / 3) % width < width / 2;
    return (left ? [255, 0, 0] : [0, 0, 255])[i % 3] ?? 0;
  });
}

describe('pixels', () => {
  it('come back from a PNG as they were', async () => {
    const pixels = halves(8, 8);
    const png = await encodePng(pixels, { width: 8, height: 8, channels: 3 });
    expect([...(await decodeSquare(png, { file: 'a picture', side: 8 }))]).toEqual([...pixels]);
  });

  it('of a wide picture are squeezed to a square, not cut', async () => {
    const jpeg = await encodeJpeg(halves(64, 16), { width: 64, height: 16, channels: 3, quality: 95 });
    const square = await decodeSquare(jpeg, { file: 'a picture', side: 16 });
    const pixel = (x: number): number[] => [...square.subarray(3 * (8 * 16 + x), 3 * (8 * 16 + x) + 3)];
    expect(square).toHaveLength(3 * 16 * 16);
    expect(pixel(1)[0]).toBeGreaterThan(230);
    expect(pixel(14)[2]).toBeGreaterThan(230);
  });

  it('of a grey picture are its grey, three times', async () => {
    const grey = await encodePng(new Uint8Array(16).fill(77), { width: 4, height: 4, channels: 1 });
    expect([...(await decodeSquare(grey, { file: 'a picture', side: 4 }))]).toEqual(
      Array.from({ length: 48 }, () => 77),
    );
  });

  it('of what is no picture are refused', async () => {
    await expect(decodeSquare(Buffer.from('no picture'), { file: 'a picture', side: 8 })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
    });
  });
});
