import { createHash } from 'node:crypto';
import { CodedError, isCodedError } from '@bluewaters/errors';
import {
  indexKeys,
  parseIndexedExamples,
  parseIndexEntry,
  type IndexedExample,
  type IndexEntry,
  type LabelledClass,
} from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/** An image of the index with the class that it belongs to. */
export interface LabelledImage extends IndexedExample {
  readonly class: LabelledClass;
}

/** An index, read whole. */
export interface LoadedIndex {
  /** What it is kept under. */
  readonly name: string;
  /** Sha256 of its entry. */
  readonly digest: string;
  readonly entry: IndexEntry;
  readonly classes: readonly LabelledClass[];
  /** In label order, within a class in archive order. */
  readonly images: readonly LabelledImage[];
}

/**
 * Reads an index, and checks that it is the one that was asked for and that all its parts are there and whole.
 *
 * @param name What it is kept under: see {@link indexName}.
 * @param digest Sha256 of the index entry.
 * @throws {CodedError} INDEX_INVALID naming the object that is missing, damaged, or not the one expected.
 */
export async function loadIndex(store: ObjectStore, name: string, digest: string): Promise<LoadedIndex> {
  const key = indexKeys.entry(name);
  const entry = parseIndexEntry(await getPart(store, key, digest), { file: key });
  const images: LabelledImage[] = [];
  for (const { synset, label, words, examples, sha256 } of entry.synsets) {
    const lines = indexKeys.synset(name, synset);
    const listed = parseIndexedExamples(await getPart(store, lines, sha256), { file: lines });
    if (listed.length !== examples) throw invalid(lines, `${examples} lines`, `${listed.length}`);
    const labelled = { synset, label, words };
    for (const example of listed) images.push({ ...example, class: labelled });
  }
  const classes = entry.synsets.map(({ synset, label, words }) => ({ synset, label, words }));
  return { name, digest, entry, classes, images };
}

/** In hexadecimal. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function getPart(store: ObjectStore, key: string, digest: string): Promise<Uint8Array> {
  const bytes = await store.get(key).catch((error: unknown) => {
    throw isCodedError(error, 'OBJECT_NOT_FOUND') ? invalid(key, `sha256 ${digest}`, 'no such object') : error;
  });
  const actual = sha256Of(bytes);
  if (actual !== digest) throw invalid(key, `sha256 ${digest}`, `sha256 ${actual}`);
  return bytes;
}

function invalid(file: string, expected: string, got: string): CodedError {
  return new CodedError('INDEX_INVALID', 'A part of the index is not as it should be', {
    details: { file, expected, got },
  });
}
