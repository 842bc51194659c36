import { encodeJpeg } from '@bluewaters/images';
import { describe, expect, it } from 'vitest';
import { drawPicture } from './draw-picture.js';

const [width, height] = [80, 40];
/** Black on the left, white on the right. */
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width < 40 ? 0 : 255));

const draw = async (
  boxes: readonly { xmin: number; ymin: number; xmax: number; ymax: number }[],
): Promise<string[]> => {
  const jpeg = await encodeJpeg(pixels, { width, height, channels: 3, quality: 95 });
  const name = { synset: 'n00000001', words: 'half', name: 'half.JPEG' };
  return drawPicture({ jpeg, width, height, ...name, size: [width, height], boxes }, 16);
};

describe('a picture in characters', () => {
  it('is dark where it is dark, in the proportions of a terminal', async () => {
    expect(await draw([])).toEqual(Array.from({ length: 4 }, () => `${' '.repeat(8)}${'@'.repeat(8)}`));
  });

  it('has boxes around what they are around, also at its edges', async () => {
    expect(await draw([{ xmin: 0.25, ymin: 0, xmax: 0.75, ymax: 0.5 }])).toEqual([
      '    ┌───────┐@@@',
      '    │   @@@@│@@@',
      '    └───────┘@@@',
      '        @@@@@@@@',
    ]);
    const whole = await draw([{ xmin: 0, ymin: 0, xmax: 1, ymax: 1 }]);
    expect([whole[0], whole[3]]).toEqual(['┌──────────────┐', '└──────────────┘']);
  });
});
