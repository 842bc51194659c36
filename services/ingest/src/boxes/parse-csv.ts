import { CodedError } from '@bluewaters/errors';
import type { RawBox } from '@bluewaters/records';

/** A line of a CSV of boxes. */
export interface CsvBox {
  /** The picture's name without its ending. */
  readonly id: string;
  /** As shares of width and height. */
  readonly box: RawBox;
}

/** A file name without folders, and four numbers as Google's script writes them. */
const LINE = /^([^,/\\]+?)(?:\.jpe?g|\.xml)?,(-?[\d.]+),(-?[\d.]+),(-?[\d.]+),(-?[\d.]+)$/iu;

/**
 * The boxes of a CSV as Google's `process_bounding_boxes.py` writes it for the Inception scripts:
 * `n00007846_64193.JPEG,0.0060,0.2620,0.7545,0.9940`, a line a box, left, top, right, bottom.
 *
 * @returns a box, or an error of code ANNOTATION_INVALID that names file and line.
 */
export function* parseBoxCsv(text: string, file: string): Generator<CsvBox | CodedError> {
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    line++;
    const content = text.slice(at, end).trim();
    if (content !== '') yield parseLine(content) ?? invalid({ file, line, offset: at }, content);
    at = end + 1;
  }
}

function parseLine(content: string): CsvBox | undefined {
  const [, id, ...ends] = LINE.exec(content) ?? [];
  const [xmin, ymin, xmax, ymax] = ends.map(Number);
  if (id === undefined || xmin === undefined || ymin === undefined || xmax === undefined || ymax === undefined) {
    return undefined;
  }
  const box = { xmin, ymin, xmax, ymax };
  return Object.values(box).every(Number.isFinite) ? { id, box } : undefined;
}

function invalid(
  { file, line, offset }: { readonly file: string; readonly line: number; readonly offset: number },
  got: string,
): CodedError {
  return new CodedError('ANNOTATION_INVALID', 'A line of a CSV of boxes is not in its form', {
    details: { file, offset, field: `line ${line}`, expected: 'name,xmin,ymin,xmax,ymax', got: got.slice(0, 80) },
  });
}
