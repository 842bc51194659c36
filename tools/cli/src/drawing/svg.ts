import { writeFile } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';

/** Text as it stands in an SVG document. */
export function escapeXml(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Writes what `--svg` asks for. @throws {CodedError} FILE_NOT_FOUND. */
export async function writeDrawing(file: string, svg: string): Promise<void> {
  try {
    await writeFile(file, svg);
  } catch (cause) {
    const details = { field: 'svg', file, expected: 'a file in a folder that exists' };
    throw new CodedError('FILE_NOT_FOUND', 'The drawing cannot be written', { cause, details });
  }
}
