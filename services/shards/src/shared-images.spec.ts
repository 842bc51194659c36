import type { BuildRequest, Progress } from '@bluewaters/messages';
import {
  datasetKeys,
  encodeIndexedExamples,
  encodeIndexEntry,
  indexKeys,
  type IndexedExample,
} from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { buildShards } from './index.js';
import { archive, exampleOf, sha256 } from './members.fixture.js';

/** Pictures 0 to 5 of one class; 4 has the bytes of 0, and 5 those of 1. */
const EXAMPLES = [0, 1, 2, 3, 4, 5].map((n): IndexedExample => {
  return { ...exampleOf(n === 4 ? 0 : n === 5 ? 1 : n), name: `n00000001_${n}.JPEG` };
});

/** Builds with the pictures held out that are named by number. */
async function build(store: MemoryStore, heldOut: readonly number[]) {
  const lines = encodeIndexedExamples(EXAMPLES);
  const entry = encodeIndexEntry({
    ...{ format: 'bluewaters.index.v1', dataset: 'd', archive: { key: 'Images.tar' }, archiveSize: archive.length },
    synsets: [{ synset: 'n00000001', label: 1, words: 'one', examples: EXAMPLES.length, sha256: sha256(lines) }],
    ...{ examples: EXAMPLES.length, refused: 0, repaired: 0 },
  });
  await store.put('Images.tar', archive);
  await store.put(indexKeys.synset('d', 'n00000001'), lines);
  await store.put(indexKeys.entry('d'), entry);
  await store.put('list.txt', heldOut.map((n) => `n00000001 n00000001_${n}\n`).join(''));
  const validation = { kind: 'list', list: { key: 'list.txt' } } as const;
  const request: BuildRequest = {
    ...{ dataset: 'd', index: sha256(entry), validation, trainShards: 1, validationShards: 1, seed: 1 },
  };
  const told: Progress[] = [];
  const report = (progress: Progress): void => void told.push(progress);
  const { signal } = new AbortController();
  const onShard = async (): Promise<void> => {};
  await buildShards(request, { store, scratch: await temporaryDirectory(), shardsAtATime: 1, signal, report, onShard });
  const shared = await store.get(datasetKeys.shared('d')).then(
    (bytes) => Buffer.from(bytes).toString().trimEnd().split('\n'),
    () => [],
  );
  return { shared: shared.map((line) => JSON.parse(line) as unknown), notices: told.at(-1)?.notices ?? [] };
}

const name = (n: number): string => `n00000001/n00000001_${n}.JPEG`;

describe('pictures that both splits have, byte for byte', () => {
  it('are named, whichever of them is held out, and whoever builds is told how many', async () => {
    const store = new MemoryStore();
    const one = await build(store, [0, 2]);
    expect(one.shared).toEqual([{ train: [name(4)], validation: [name(0)] }]);
    expect(one.notices).toEqual([expect.stringMatching(/^1 held-out pictures .*datasets\/d\/shared\.jsonl$/u)]);
    expect((await build(store, [5, 4])).shared).toEqual([
      { train: [name(0)], validation: [name(4)] },
      { train: [name(1)], validation: [name(5)] },
    ]);
  });

  it('are none where the same bytes are in one split, and then nothing of an older build is left', async () => {
    const store = new MemoryStore();
    await build(store, [0]);
    expect(await build(store, [0, 4, 2])).toEqual({ shared: [], notices: [] });
    expect(await store.stat(datasetKeys.shared('d'))).toBeUndefined();
  });
});
