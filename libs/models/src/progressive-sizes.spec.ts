import { describe, expect, it } from 'vitest';
import { assertProgressiveSizes, imageSizeAt, networkByName } from './index.js';

const GROWING = {
  imageSize: 128,
  progressiveSizes: [
    { imageSize: 64, untilEpoch: 2 },
    { imageSize: 96, untilEpoch: 3 },
  ],
};

describe('sizes of training pictures', () => {
  it('follow from the epoch, and end with that of the run', () => {
    expect([0, 1, 2, 3, 99].map((epoch) => imageSizeAt(GROWING, epoch))).toEqual([64, 64, 96, 128, 128]);
    expect(imageSizeAt({ imageSize: 28 }, 0)).toBe(28);
  });

  it.each(['resnet-9', 'resnet-20', 'resnet-18', 'resnet-50-v2'])('may change in %s', (name) => {
    expect(() => assertProgressiveSizes(networkByName(name), GROWING)).not.toThrow();
  });

  it.each([
    ['lenet', 'fc1/weights'],
    ['vgg-16', 'fc6/weights'],
    ['googlenet', 'auxiliary4a/fc/weights'], // pooled as a whole, but for the heads that help it to learn
  ])('may not in %s, which would need other %s', (name, variable) => {
    expect(() => assertProgressiveSizes(networkByName(name), GROWING)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: expect.objectContaining({
          field: 'progressiveSizes',
          expected: expect.stringContaining(variable) as string,
        }) as object,
      }),
    );
  });

  it('are refused when a phase ends before the one before it', () => {
    const progressiveSizes = [
      { imageSize: 64, untilEpoch: 3 },
      { imageSize: 96, untilEpoch: 3 },
    ];
    expect(() => assertProgressiveSizes(networkByName('resnet-9'), { imageSize: 128, progressiveSizes })).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ expected: 'an epoch after 3' }) as object }),
    );
  });
});
