import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelKeys, parseSignature } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { nextVersion, readVersions, signatureOf, storeVersion } from './registry.js';

const INPUT = { imageSize: 28, channels: 1, mean: [0.5], std: [0.5] } as const;
const CLASSES = [{ synset: 'n01440764', label: 1, words: 'tench' }];

/** Registers what a run made, as the version that comes next to what it sees. */
async function register(store: MemoryStore, run: string, version: number) {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'saved_model.pb'), `graph of ${run}`);
  const signature = signatureOf(INPUT, CLASSES);
  const origin = { run, step: 6, top1: 0.5 };
  return storeVersion(store, { model: 'm', version, directory, signature, provenance: {}, origin });
}

describe('the registry of models', () => {
  it('gives two runs that end at once a version each, with their own files', async () => {
    const store = new MemoryStore();
    const seen = nextVersion(await readVersions(store, 'm'));
    const [first, second] = await Promise.all([register(store, 'first', seen), register(store, 'second', seen)]);
    expect([first.version, second.version].sort()).toEqual([1, 2]);
    for (const { run, version } of await readVersions(store, 'm')) {
      const graph = await store.get(`${modelKeys.prefix('m', version)}saved_model.pb`);
      expect(Buffer.from(graph).toString()).toBe(`graph of ${run}`);
    }
  });

  it('takes up the number that a run had claimed before it was killed', async () => {
    const store = new MemoryStore();
    await register(store, 'r', 1);
    await store.delete(modelKeys.entry('m', 1)); // as if it had been killed just before
    expect(await register(store, 'other', 1)).toMatchObject({ version: 2 });
    expect(await register(store, 'r', 1)).toMatchObject({ version: 1 });
  });

  it('keeps the signature within the SavedModel as well', async () => {
    const store = new MemoryStore();
    const { files } = await register(store, 'r', 1);
    const key = `${modelKeys.prefix('m', 1)}assets.extra/signature.json`;
    expect(files.map((file) => file.key)).toContain(key);
    expect(parseSignature(await store.get(key), { file: key })).toEqual(signatureOf(INPUT, CLASSES));
  });

  it('says in each document of a version which format it has', async () => {
    const store = new MemoryStore();
    await register(store, 'r', 1);
    const formats = [modelKeys.entry, modelKeys.signature, modelKeys.provenance].map(async (keyOf) => {
      return (JSON.parse(Buffer.from(await store.get(keyOf('m', 1))).toString()) as { format: string }).format;
    });
    const [entry, signature, provenance] = await Promise.all(formats);
    expect(entry).toBe('bluewaters.model.v1');
    expect([signature, provenance]).toEqual(['bluewaters.signature.v1', 'bluewaters.provenance.v1']);
  });
});
