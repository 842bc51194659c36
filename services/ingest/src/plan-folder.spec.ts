import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexKeys, parseIndexedExamples, parseIndexEntry } from '@bluewaters/records';
import { MemoryStore, openSource } from '@bluewaters/storage';
import { makeTar, syntheticArchive, temporaryDirectory, type SyntheticArchive } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { indexArchive } from './index.js';

const SYNSETS = ['n00000003', 'n00000001'];
let archive: SyntheticArchive;
beforeAll(async () => {
  archive = await syntheticArchive({ synsets: SYNSETS, imagesPerSynset: 20 });
});

/** A folder of synset tars, or of a folder for each synset, with what people leave in folders. */
async function makeFolder(form: 'tars' | 'folders'): Promise<string> {
  const folder = await temporaryDirectory();
  await writeFile(join(folder, 'README.md'), 'pictures');
  await writeFile(join(folder, 'Thumbs.db'), 'litter');
  await symlink('/etc/passwd', join(folder, 'n00000009.tar'));
  for (const synset of SYNSETS) {
    const images = archive.images.filter((image) => image.synset === synset);
    if (form === 'tars') await writeFile(join(folder, `${synset}.tar`), makeTar(images));
    else await mkdir(join(folder, 'train', synset), { recursive: true });
    if (form === 'tars') continue;
    for (const { name, bytes } of images) await writeFile(join(folder, 'train', synset, name), bytes);
  }
  return folder;
}

async function ingest(folder: string, store = new MemoryStore()): Promise<MemoryStore> {
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  await indexArchive({ dataset: 'd', images: { path: folder }, maxRefused: 0, check: 'header' }, context);
  return store;
}

describe('a folder', () => {
  it.each(['tars', 'folders'] as const)(
    'of %s is indexed where it lies, and read by offset as a tar is',
    async (form) => {
      const store = await ingest(await makeFolder(form));
      const entry = parseIndexEntry(await store.get(indexKeys.entry('d')), { file: 'x' });
      expect(entry.synsets.map(({ synset, examples }) => [synset, examples])).toEqual([
        ['n00000001', 20],
        ['n00000003', 20],
      ]);
      await using source = await openSource(store, entry.archive);
      const lines = [];
      for (const { synset } of entry.synsets) {
        lines.push(...parseIndexedExamples(await store.get(indexKeys.synset('d', synset)), { file: 'x' }));
      }
      // All at a time: more files than are held open.
      const digests = lines.map(async ({ offset, size: length }) => {
        return createHash('sha256')
          .update(await source.read({ offset, length }))
          .digest('hex');
      });
      expect(await Promise.all(digests)).toEqual(lines.map(({ sha256 }) => sha256));
      expect(new Set(lines.map(({ name }) => name))).toEqual(new Set(archive.images.map(({ name }) => name)));
      const whole = await source.read({ offset: 0, length: source.size });
      expect(whole.length).toBe(entry.archiveSize);
    },
  );

  it('that has changed since is refused by the file', async () => {
    const folder = await makeFolder('folders');
    const store = await ingest(folder);
    const entry = parseIndexEntry(await store.get(indexKeys.entry('d')), { file: 'x' });
    const changed = join(folder, 'train', 'n00000001', 'n00000001_1.JPEG');
    await writeFile(changed, 'short');
    await using source = await openSource(store, entry.archive);
    await expect(source.read({ offset: 0, length: 10 })).rejects.toMatchObject({
      code: 'ARCHIVE_CHANGED',
      details: { file: changed },
    });
  });

  it('without pictures of synsets is refused', async () => {
    await expect(ingest(await temporaryDirectory())).rejects.toMatchObject({ code: 'ARCHIVE_EMPTY' });
  });
});
