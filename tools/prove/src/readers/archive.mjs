/** All of ingest: an archive of pictures, as far as its index. */
import { tmpdir } from 'node:os';
import { indexArchive } from '@bluewaters/ingest';
import { indexKeys, parseIndexedExamples, parseIndexEntry } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { syntheticJpeg } from '../../../../libs/testing/dist/synthetic/jpeg.js';
import { holds, outcome, same } from './reader.mjs';
import { member, mendChecksums, tar } from './tars.mjs';

const [FIRST, SECOND] = ['n01440764', 'n01443537'];
const LIMITS = { maxBytes: 8 * 1024, maxPixels: 1_000_000 };

/** The index of an archive, into a new store. @param {Buffer} bytes @param {number} maxRefused */
async function index(bytes, maxRefused) {
  const store = new MemoryStore();
  await store.put('synsets.txt', `${FIRST}\n${SECOND}\n`);
  await store.put('images.tar', bytes);
  const request = /** @type {const} */ ({
    dataset: 'd',
    images: { key: 'images.tar' },
    synsets: { key: 'synsets.txt' },
    maxRefused,
    check: 'header',
  });
  const { signal } = new AbortController();
  const context = { store, limits: LIMITS, scratch: tmpdir(), signal, report: () => {} };
  return { store, ...(await outcome(() => indexArchive(request, context))) };
}

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['ARCHIVE_INVALID', 'ARCHIVE_TRUNCATED', 'ARCHIVE_EMPTY', 'IMAGE_INVALID', 'IMAGE_TOO_LARGE'],
  scripts: ['/plan.js', '/index-synset.js', '/index-archive.js', '/plain-archive.js', '/archive-form.js', '/names.js'],
  maxBytes: 16 * 1024,
  tokens: ['ustar\x0000', `${FIRST}.tar\0`, `${SECOND}_1.JPEG\0`, '._', '../', '/', '\xff\xd8\xff', '5', '2', 'x', 'L'],
  mend: mendChecksums,
  seeds: async () => {
    const picture = await syntheticJpeg({ width: 9, height: 7 });
    const cmyk = await syntheticJpeg({ width: 9, height: 7, channels: 4 });
    const pictures = [member(`${FIRST}_1.JPEG`, picture), member(`${FIRST}_2.JPEG`, cmyk)];
    return [
      tar(member(`${FIRST}.tar`, tar(...pictures)), member(`${SECOND}.tar`, tar(member('free.JPEG', picture)))),
      tar(member(`${FIRST}.tar`, tar(...pictures)), member(`${FIRST}.tar`, tar(...pictures))),
      tar(member(`${FIRST}.tar`, tar(member(`${FIRST}_1.JPEG`, 'none')))),
    ];
  },
  read: async (bytes) => {
    const { store, value, error } = await index(bytes, 100);
    const strict = await index(bytes, 0);
    const again = await index(bytes, 100);
    same({ value, error }, { value: again.value, error: again.error }, 'the same archive gives the same index');
    if (error) {
      holds((await store.stat(indexKeys.entry('d'))) === undefined, 'what is refused has no index');
      holds(strict.error !== undefined, 'what is refused with tolerance is refused without');
      throw error;
    }
    if (value.refused === 0)
      same({ value }, { value: strict.value }, 'where nothing is refused tolerance changes nothing');
    const entry = parseIndexEntry(await store.get(value.indexKey), { file: value.indexKey });
    const lines = [];
    for (const { synset } of entry.synsets) {
      const key = indexKeys.synset('d', synset);
      lines.push(...parseIndexedExamples(await store.get(key), { file: key }));
    }
    holds(lines.length === value.examples, 'the index has as many lines as examples');
    for (const { offset, size } of lines) holds(offset + size <= bytes.length, 'an example lies within its archive');
    return `${Math.min(value.examples, 4)} ${Math.min(value.refused, 3)} ${value.repaired > 0}`;
  },
};
