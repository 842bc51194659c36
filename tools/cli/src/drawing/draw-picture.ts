import { decodeSquare } from '@bluewaters/images';
import type { TourPicture } from '@bluewaters/ingest';

/** Cells of a terminal are about twice as high as they are wide. */
const CELL_HEIGHT = 2;
/** From dark to light. */
const SHADES = ' .:-=+*#%@';

/**
 * A picture in characters, the lighter the fuller, with its boxes around what they are around.
 *
 * @param columns Of characters, at most.
 * @returns lines of one length.
 * @throws {CodedError} IMAGE_INVALID.
 */
export async function drawPicture(picture: TourPicture, columns: number): Promise<string[]> {
  const { jpeg, width, height, name, boxes } = picture;
  const rows = Math.max(1, Math.round((columns * height) / width / CELL_HEIGHT));
  const side = Math.max(columns, rows);
  const pixels = await decodeSquare(jpeg, { side, file: name });
  const cells = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_cell, column) => {
      const at = 3 * (centre(row, rows, side) * side + centre(column, columns, side));
      return shade(pixels.subarray(at, at + 3));
    }),
  );
  for (const box of boxes) drawBox(cells, box);
  return cells.map((line) => line.join(''));
}

/** The pixel at the middle of a cell. */
function centre(cell: number, cells: number, side: number): number {
  return Math.min(side - 1, Math.floor(((cell + 0.5) * side) / cells));
}

/** By luma of ITU-R BT.601. */
function shade([red = 0, green = 0, blue = 0]: Uint8Array): string {
  const luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 256;
  return SHADES[Math.floor(luma * SHADES.length)] ?? ' ';
}

function drawBox(cells: string[][], { xmin, ymin, xmax, ymax }: TourPicture['boxes'][number]): void {
  const [rows, columns] = [cells.length, cells[0]?.length ?? 0];
  const cell = (share: number, count: number): number => Math.min(count - 1, Math.floor(share * count));
  const [left, right, top, bottom] = [cell(xmin, columns), cell(xmax, columns), cell(ymin, rows), cell(ymax, rows)];
  const put = (row: number, column: number, sign: string): void => void cells[row]?.splice(column, 1, sign);
  for (let column = left; column <= right; column++) [top, bottom].forEach((row) => put(row, column, '─'));
  for (let row = top; row <= bottom; row++) [left, right].forEach((column) => put(row, column, '│'));
  put(top, left, '┌');
  put(top, right, '┐');
  put(bottom, left, '└');
  put(bottom, right, '┘');
}
