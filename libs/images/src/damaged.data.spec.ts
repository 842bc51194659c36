import { isCodedError } from '@bluewaters/errors';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectImage, repairImage } from './index.js';

/** A folder with real and damaged images; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];

/** `readable`, `repaired`, or the code that the picture is refused with. */
async function outcome(number: number): Promise<string> {
  const file = `n02102040_${number}.JPEG`;
  const bytes = readFileSync(join(data!, 'damaged/images', file));
  try {
    if ((await inspectImage(bytes, { file })).readable) return 'readable';
    await repairImage(bytes, { file });
    return 'repaired';
  } catch (error) {
    return isCodedError(error) ? error.code : String(error);
  }
}

describe.skipIf(!data)('damaged pictures', () => {
  it.each([
    [1, 'a good JPEG', 'readable'],
    [2, 'a JPEG cut at half its bytes', 'IMAGE_INVALID'],
    [3, 'a JPEG cut in its tables', 'IMAGE_INVALID'],
    [4, 'a text file', 'IMAGE_INVALID'],
    [5, 'an empty file', 'IMAGE_INVALID'],
    [6, 'a PNG', 'repaired'],
    [7, 'a CMYK JPEG', 'repaired'],
    [8, 'a 16-bit PNG', 'repaired'],
    [9, 'an animated GIF', 'repaired'],
    [10, 'a PNG of 900 million pixels', 'IMAGE_TOO_LARGE'],
    [11, 'a JPEG that claims 65500 x 65500', 'IMAGE_TOO_LARGE'],
    [12, 'a JPEG that claims 0 x 0', 'IMAGE_INVALID'],
    [13, 'a JPEG with garbage in its scan', 'IMAGE_INVALID'],
    [14, 'a JPEG with junk after its end', 'readable'],
    [15, 'a grey JPEG', 'readable'],
    [16, 'a progressive JPEG', 'readable'],
    [17, 'a JPEG of one pixel', 'readable'],
    [18, 'an RGBA PNG', 'repaired'],
    [19, 'a JPEG with EXIF orientation', 'readable'],
    [20, 'a JPEG without content', 'IMAGE_INVALID'],
    [21, 'a WebP', 'repaired'],
    [22, 'a BMP', 'IMAGE_INVALID'],
  ])('number %i, %s: %s', async (number, _, expected) => {
    expect(await outcome(number)).toBe(expected);
  });
});
