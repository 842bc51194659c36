import { DEFAULT_LIMITS } from '@bluewaters/images';
import type { IngestRequest } from '@bluewaters/messages';
import { indexKeys, parseIndexEntry } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { syntheticArchive, syntheticWordNet, temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { indexArchive, installedWordNet } from './index.js';
import type { IngestReport } from './report/report.js';

const { data, synsets } = syntheticWordNet();
const id = (word: string): string => synsets[word] ?? '';
/** In an order that is not the one of their ids. */
const IN_ARCHIVE = ['cat', 'hound', 'Rome', 'puppy'].map(id);

const wordnet = { key: 'data.noun' };
let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  const { archive } = await syntheticArchive({ synsets: IN_ARCHIVE, imagesPerSynset: 2 });
  await store.put('images.tar', archive);
  await store.put('data.noun', data);
});

/** Indexes, and gives the classes in the order of their labels. */
async function ingest(request: Partial<IngestRequest>) {
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  const defaults = { dataset: 'd', images: { key: 'images.tar' }, maxRefused: 0, check: 'header' } as const;
  await indexArchive({ ...defaults, ...request }, context);
  const entry = parseIndexEntry(await store.get(indexKeys.entry('d')), { file: 'x' });
  expect(entry.synsets.map(({ label }) => label)).toEqual(entry.synsets.map((_, i) => i + 1));
  expect(entry.synsets.every(({ examples }) => examples === 2)).toBe(true);
  return entry.synsets;
}

describe('an index with WordNet at hand', () => {
  it('has words and glosses of each class, in the entry and in the report; words of a list go first', async () => {
    await store.put('words.txt', `${id('cat')}\tpussy\n`);
    const found = await ingest({ wordnet, words: { key: 'words.txt' } });
    expect(found.map(({ synset, words, gloss }) => [synset, words, gloss])).toEqual([
      [id('puppy'), 'puppy', 'a young dog'],
      [id('hound'), 'hound, hound dog', 'a hunting dog with large ears'],
      [id('cat'), 'pussy', 'an animal with soft fur'],
      [id('Rome'), 'Rome', 'the capital of Italy'],
    ]);
    const report = JSON.parse(Buffer.from(await store.get(indexKeys.report('d'))).toString()) as IngestReport;
    expect(report.synsets.map(({ gloss }) => gloss)).toEqual(found.map(({ gloss }) => gloss));
    expect(Buffer.from(await store.get(indexKeys.reportPage('d'))).toString()).toContain('the capital of Italy');
  });

  it('has no byte of WordNet without it', async () => {
    for (const { synset, words, ...rest } of await ingest({})) {
      expect(words).toBe(synset);
      expect(rest).not.toHaveProperty('gloss');
    }
  });

  it('can be of everything below a synset, or below several, in the order of ids or of a list', async () => {
    const below = async (words: readonly string[], request: Partial<IngestRequest> = {}): Promise<string[]> =>
      (await ingest({ wordnet, below: words.map(id), ...request })).map(({ synset }) => synset);
    expect(await below(['dog'])).toEqual(['puppy', 'hound'].map(id));
    expect(await below(['puppy'])).toEqual([id('puppy')]);
    expect(await below(['cat', 'city'])).toEqual(['cat', 'Rome'].map(id));
    expect(await below(['entity'])).toEqual((await ingest({})).map(({ synset }) => synset));
    await store.put('synsets.txt', ['Rome', 'hound', 'puppy'].map((word) => `${id(word)}\n`).join(''));
    expect(await below(['dog'], { synsets: { key: 'synsets.txt' } })).toEqual(['hound', 'puppy'].map(id));
  });

  it('is refused where nothing is below, nothing could tell, or ids are of another version', async () => {
    const below = [id('city')];
    const { archive } = await syntheticArchive({ synsets: [id('cat')], imagesPerSynset: 1 });
    await store.put('cat.tar', archive);
    await expect(ingest({ wordnet, below, images: { key: 'cat.tar' } })).rejects.toMatchObject({
      code: 'ARCHIVE_EMPTY',
      details: { got: expect.stringContaining('1 of synsets that are not asked for') },
    });
    await expect(ingest({ below })).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { field: 'below' } });
    const list = { imageList: { key: 'images.txt' } };
    await store.put('images.txt', `${id('cat')} ${id('cat')}_1\n`);
    await expect(ingest({ wordnet, below, ...list })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    // A synset of WordNet 3.1: right in the middle of a line of this one.
    const strange = await syntheticArchive({ synsets: [id('cat'), 'n00000300'], imagesPerSynset: 1 });
    await store.put('strange.tar', strange.archive);
    for (const request of [{ below: [id('cat')] }, {}]) {
      await expect(ingest({ wordnet, images: { key: 'strange.tar' }, ...request })).rejects.toMatchObject({
        code: 'WORDNET_INVALID',
        details: { file: 'data.noun', offset: 300, expected: 'a synset of WordNet 3.0' },
      });
    }
  });
});

describe('an installed database', () => {
  it('is the one that WNSEARCHDIR names; where none is, an error says how to get one', async () => {
    const folder = await temporaryDirectory();
    await expect(installedWordNet({ WNSEARCHDIR: folder })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('install wordnet-base'),
    });
  });
});
