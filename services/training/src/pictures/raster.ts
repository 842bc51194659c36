/** Pixels: RGB, a byte each, row by row from the top. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** A colour: red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

const GAP = 1;
const PAPER = 255;

/** A raster of one colour; white by default. */
export function blank(width: number, height: number, value = PAPER): Raster {
  return { width, height, rgb: new Uint8Array(3 * width * height).fill(value) };
}

/** Pictures of equal size in rows, as near to a square as they can be, a pixel apart. */
export function mosaic(pictures: readonly Raster[]): Raster {
  const { width = 0, height = 0 } = pictures[0] ?? {};
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const rows = Math.ceil(pictures.length / columns);
  const whole = blank(columns * (width + GAP) - GAP, rows * (height + GAP) - GAP);
  pictures.forEach((picture, index) => {
    const left = (index % columns) * (width + GAP);
    const top = Math.floor(index / columns) * (height + GAP);
    for (let row = 0; row < height; row += 1) {
      const line = picture.rgb.subarray(3 * row * width, 3 * (row + 1) * width);
      whole.rgb.set(line, 3 * ((top + row) * whole.width + left));
    }
  });
  return whole;
}

/** Every pixel as a square of so many. */
export function enlarged({ width, height, rgb }: Raster, factor: number): Raster {
  const large = blank(width * factor, height * factor);
  for (let y = 0; y < large.height; y += 1) {
    for (let x = 0; x < large.width; x += 1) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      large.rgb.set(rgb.subarray(from, from + 3), 3 * (y * large.width + x));
    }
  }
  return large;
}

/**
 * Draws the outline of a box, a pixel wide, into a raster.
 *
 * @param box As shares of width and height, 0 to 1.
 */
export function outline(
  { width, height, rgb }: Raster,
  box: { readonly xmin: number; readonly ymin: number; readonly xmax: number; readonly ymax: number },
  colour: Colour,
): void {
  const at = (share: number, length: number): number => Math.min(length - 1, Math.max(0, Math.floor(share * length)));
  const [left, right] = [at(box.xmin, width), at(box.xmax, width)];
  const [top, bottom] = [at(box.ymin, height), at(box.ymax, height)];
  const dot = (x: number, y: number): void => rgb.set(colour, 3 * (y * width + x));
  for (let x = left; x <= right; x += 1) for (const y of [top, bottom]) dot(x, y);
  for (let y = top; y <= bottom; y += 1) for (const x of [left, right]) dot(x, y);
}
