/** Compressed archives: what they are told to be, and their plain bytes. */
import { readFileSync } from 'node:fs';
import { assertArchive } from '../../../../services/ingest/dist/archive-form.js';
import { compressionOf, inflate } from '../../../../services/ingest/dist/inflate.js';
import { outcome, sourceOf } from './reader.mjs';

/** In the folder of the process. */
const PATH = 'plain';

/** Of readers of compressed archives. */
export const COMPRESSED = {
  codes: ['ARCHIVE_INVALID', 'ARCHIVE_TRUNCATED'],
  scripts: ['/inflate.js', '/decompress.js', '/archive-form.js'],
};

/**
 * The plain bytes of a stream.
 *
 * @param {Buffer} bytes
 * @param {'gzip' | 'zstd'} compression Another, or none, is only looked at.
 * @param {boolean} keepCut
 */
export async function plainBytes(bytes, compression, keepCut) {
  const source = sourceOf(bytes);
  const found = await compressionOf(source);
  await assertArchive(source, found);
  if (found !== compression) return { plain: undefined, cut: undefined };
  const { signal } = new AbortController();
  const cut = await inflate(source, { compression, path: PATH, keepCut, signal, onProgress: () => {} });
  return { plain: readFileSync(PATH), cut };
}

/** The same, with its error as a value. @type {(...given: Parameters<typeof plainBytes>) => ReturnType<typeof outcome<Awaited<ReturnType<typeof plainBytes>>>>} */
export const inflated = (...given) => outcome(() => plainBytes(...given));
