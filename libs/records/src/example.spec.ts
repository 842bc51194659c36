import { describe, expect, it } from 'vitest';
import { decodeExample, decodeImageExample, encodeExample, imageExample, type ImageExample } from './index.js';

const picture: ImageExample = {
  encoded: Uint8Array.from({ length: 40_000 }, (_, i) => i % 251),
  filename: 'n02102040_1.JPEG',
  width: 500,
  height: 375,
  label: 217,
  synset: 'n02102040',
  text: 'English springer, English springer spaniel',
  boxes: [{ xmin: 0.25, ymin: 0.5, xmax: 0.75, ymax: 1 }],
};

describe('tf.train.Example', () => {
  it('decodes to what was encoded, for every kind and for empty lists', () => {
    const features = {
      bytes: { bytes: [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(300, 7)] },
      floats: { floats: [0, -1.5, 0.25] },
      ints: { ints: [0, 1, 127, 128, 2 ** 31, 2 ** 53 - 1, -1, -(2 ** 53 - 1)] },
      'no bytes': { bytes: [] },
      'no floats': { floats: [] },
      'no ints': { ints: [] },
      'é/名': { ints: [5] },
    };
    expect({ ...decodeExample(encodeExample(features)) }).toEqual(features);
  });

  it('gives the same bytes whatever the order in which features were named', () => {
    const a = { ints: [1] };
    const b = { floats: [2] };
    expect(encodeExample({ a, b })).toEqual(encodeExample({ b, a }));
  });

  it('reads numbers that another writer did not pack', () => {
    const unpacked = Buffer.from('0a0d0a0b0a01781206' + '1a0408070809', 'hex');
    expect({ ...decodeExample(unpacked) }).toEqual({ x: { ints: [7, 9] } });
  });

  it('refuses bytes that are no Example at every length to which they may be cut', () => {
    const whole = encodeExample({ name: { ints: [1, 2, 3] }, text: { bytes: [Buffer.from('abc')] } });
    for (let length = 1; length < whole.length; length++) {
      expect(() => decodeExample(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'EXAMPLE_INVALID' }),
      );
    }
  });

  it.each([0.5, Number.NaN, 2 ** 53])('refuses %d in a list of integers and names the feature', (value) => {
    expect(() => encodeExample({ 'image/width': { ints: [value] } })).toThrow(
      expect.objectContaining({ code: 'EXAMPLE_INVALID', details: expect.objectContaining({ field: 'image/width' }) }),
    );
  });
});

describe('image example', () => {
  it('decodes to what was encoded', () => {
    const decoded = decodeImageExample(imageExample(picture));
    expect({ ...decoded, encoded: Uint8Array.from(decoded.encoded) }).toEqual(picture);
  });

  it("has exactly the features of Google's builder", () => {
    expect(Object.keys(decodeExample(imageExample(picture)))).toEqual([
      'image/channels',
      'image/class/label',
      'image/class/synset',
      'image/class/text',
      'image/colorspace',
      'image/encoded',
      'image/filename',
      'image/format',
      'image/height',
      'image/object/bbox/label',
      'image/object/bbox/xmax',
      'image/object/bbox/xmin',
      'image/object/bbox/ymax',
      'image/object/bbox/ymin',
      'image/width',
    ]);
  });

  it('names the feature that is missing', () => {
    const { 'image/class/label': _, ...rest } = decodeExample(imageExample(picture));
    expect(() => decodeImageExample(encodeExample(rest))).toThrow(
      expect.objectContaining({
        code: 'EXAMPLE_INVALID',
        details: expect.objectContaining({ field: 'image/class/label' }),
      }),
    );
  });
});
