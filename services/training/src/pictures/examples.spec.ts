import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeJpeg } from '@bluewaters/images';
import { frameRecord, imageExample, recordTable, type ImageExample } from '@bluewaters/records';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { examplesPicture } from './examples.js';
import { blank, type Raster } from './raster.js';

/** In which every picture is shown, and the place of the next. */
const [SIDE, NEXT] = [96, 97];
/** As shares of width and height, and in the pixels of what is shown. */
const BOX = { xmin: 0.5, xmax: 0.875, ymin: 0.5, ymax: 0.75 };
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 84, 48, 72];
const RED = [230, 30, 30];

/** A grey picture, twice as wide as high, that is black where the box is. */
async function encodedPicture(): Promise<Uint8Array> {
  const { width, height, rgb } = blank(192, 96, 128);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isWithin = x >= BOX.xmin * width && x < BOX.xmax * width && y >= BOX.ymin * height && y < BOX.ymax * height;
      if (isWithin) rgb.fill(0, 3 * (y * width + x), 3 * (y * width + x + 1));
    }
  }
  return encodeJpeg(rgb, { width, height, channels: 3, quality: 95 });
}

/** The picture of a split of two records, which show the same and have the given boxes. */
async function shown(boxes: readonly ImageExample['boxes'][]): Promise<Raster> {
  const encoded = await encodedPicture();
  const about = { width: 192, height: 96, label: 1, synset: 'n01440764', text: 'tench' };
  const records = boxes.map((its, n) =>
    frameRecord(imageExample({ encoded, filename: `${n}.JPEG`, ...about, boxes: its })),
  );
  const file = join(await temporaryDirectory(), 'shard');
  await writeFile(file, Buffer.concat(records));
  let end = 0;
  const places = records.map(({ length }) => ({ offset: (end += length) - length, length }));
  return examplesPicture([file], recordTable([places]));
}

/** The colour of a pixel. */
function at({ width, rgb }: Raster, x: number, y: number): readonly number[] {
  return [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x + 1))];
}

/** The pixels of a picture for which something holds, as `x,y`. */
function pixels({ width, height }: Raster, holds: (x: number, y: number) => boolean): string[] {
  const all = Array.from({ length: width * height }, (_, n) => [n % width, Math.floor(n / width)] as const);
  return all.filter(([x, y]) => holds(x, y)).map(String);
}

describe('the picture of some examples', () => {
  it('shows each box as an outline around its object, and nothing where there is no box', async () => {
    const [plain, boxed] = [await shown([[], []]), await shown([[BOX], []])];
    expect([boxed.width, boxed.height]).toEqual([NEXT + SIDE, SIDE]);
    const isOnSide = (x: number, y: number) => (x === LEFT || x === RIGHT) && y >= TOP && y <= BOTTOM;
    const isOnEdge = (x: number, y: number) => (y === TOP || y === BOTTOM) && x >= LEFT && x <= RIGHT;
    const outline = pixels(boxed, (x, y) => isOnSide(x, y) || isOnEdge(x, y));
    expect(pixels(boxed, (x, y) => String(at(boxed, x, y)) !== String(at(plain, x, y)))).toEqual(outline);
    expect(pixels(boxed, (x, y) => String(at(boxed, x, y)) === String(RED))).toEqual(outline);
    // What it is around is black.
    const greyAt = (x: number, y: number) => Math.round((at(boxed, x, y)[0] ?? NaN) / 128);
    expect(greyAt(66, 60)).toBe(0);
    expect([greyAt(LEFT - 3, 60), greyAt(RIGHT + 3, 60), greyAt(66, TOP - 3), greyAt(66, BOTTOM + 3)]).toEqual([
      1, 1, 1, 1,
    ]);
  });

  it('shows every box of an example', async () => {
    const other = { xmin: 0.125, xmax: 0.25, ymin: 0.125, ymax: 0.25 };
    const boxed = await shown([[], [BOX, other]]);
    expect(at(boxed, NEXT + LEFT, TOP)).toEqual(RED);
    expect(at(boxed, NEXT + 12, 12)).toEqual(RED);
    expect(at(boxed, LEFT, TOP)).not.toEqual(RED);
  });
});
