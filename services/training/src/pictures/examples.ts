import { decodeSquare } from '@bluewaters/images';
import type { RecordTable } from '@bluewaters/records';
import { readExample } from '../read-example.js';
import { mosaic, outline, type Colour, type Raster } from './raster.js';

/** Pictures that are shown, and the side of each in pixels. */
const MOST = 16;
const SIDE = 96;
const BOX_COLOUR: Colour = [230, 30, 30];

/** Some examples of a split, spread evenly over its records, with the boxes around their objects. */
export async function examplesPicture(files: readonly string[], records: RecordTable): Promise<Raster> {
  const count = Math.min(MOST, records.count);
  const chosen = Array.from({ length: count }, (_, index) => Math.floor((index * records.count) / count));
  return mosaic(
    await Promise.all(
      chosen.map(async (number) => {
        const { encoded, filename, boxes } = await readExample(files, records, number);
        const rgb = await decodeSquare(encoded, { file: filename, side: SIDE });
        const picture: Raster = { width: SIDE, height: SIDE, rgb };
        for (const box of boxes) outline(picture, box, BOX_COLOUR);
        return picture;
      }),
    ),
  );
}
