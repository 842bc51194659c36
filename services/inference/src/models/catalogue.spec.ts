import { CodedError } from '@bluewaters/errors';
import { encodeModelEntry, encodeSignature, modelKeys, type ModelEntry, type Signature } from '@bluewaters/records';
import { createLogger } from '@bluewaters/service';
import { DirectoryStore, MemoryStore, type ObjectStore } from '@bluewaters/storage';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WarmModel } from '../engine/engine-messages.js';
import type { Engine } from '../engine/engine.js';
import { Catalogue, type ServedVersion } from './catalogue.js';

const SIGNATURE: Signature = {
  imageSize: 8,
  channels: 3,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  crop: 'squeeze',
  colourOrder: 'RGB',
  classes: [{ label: 1, synset: 'n00000001', words: 'a thing' }],
  outputs: 2,
  background: 0,
  inputKey: 'image_bytes',
  outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'],
};

/** Loads everything; the text of `saved_model.pb` can make it fail. */
class FakeEngine implements Engine {
  readonly loaded = new Map<string, string>();
  outputs = 2;

  async load(key: string, directory: string): Promise<WarmModel> {
    const text = await readFile(join(directory, 'saved_model.pb'), 'utf8');
    if (text === 'deadly') throw new CodedError('NOT_READY', 'gone', { cause: new CodedError('PROCESS_DIED', 'died') });
    if (text === 'refused') throw new CodedError('TENSORFLOW_FAILED', 'no such operation');
    this.loaded.set(key, directory);
    const facts = { dtype: 'float32', shape: [-1, this.outputs] };
    const outputs = Object.fromEntries(SIGNATURE.outputKeys.map((name) => [name, facts]));
    const probabilities = { dtype: 'float32', shape: [1, this.outputs], values: [0, 1] };
    return {
      tensors: { inputs: { image_bytes: { dtype: 'string', shape: [-1] } }, outputs },
      probeOutputs: { probabilities },
    };
  }

  async unload(key: string): Promise<void> {
    this.loaded.delete(key);
  }

  predict(): never {
    throw new Error('not asked here');
  }
}

async function register(store: ObjectStore, model: string, version: number, text = 'fine'): Promise<void> {
  const key = `${modelKeys.prefix(model, version)}saved_model.pb`;
  const entry: ModelEntry = {
    format: 'bluewaters.model.v1',
    model,
    version,
    run: model,
    step: 1,
    top1: 1,
    files: [{ key, size: text.length, sha256: createHash('sha256').update(text).digest('hex') }],
    signatureKey: modelKeys.signature(model, version),
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  await store.put(key, text);
  await store.put(entry.signatureKey, encodeSignature(SIGNATURE));
  await store.put(modelKeys.entry(model, version), encodeModelEntry(entry));
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'catalogue-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const stores: [string, () => Promise<ObjectStore>][] = [
  ['a directory', async () => new DirectoryStore(join(directory, 'store'))],
  ['a remote store', async () => new MemoryStore()],
];

describe.each(stores)('a catalogue of models in %s', (_kind, open) => {
  let store: ObjectStore;
  let engine: FakeEngine;
  let catalogue: Catalogue;
  const states = () => catalogue.versions().map(({ model, version, state }) => `${model} ${version} ${state}`);

  beforeEach(async () => {
    store = await open();
    engine = new FakeEngine();
    const loader = { store, engine, cacheDirectory: join(directory, 'cache'), probe: new Uint8Array() };
    catalogue = new Catalogue(loader, createLogger({ service: 'test', level: 'silent' }));
  });

  it('says "try again" of any model until it has looked at the registry', async () => {
    await register(store, 'digits', 1);
    expect(() => catalogue.pick('digits')).toThrow(expect.objectContaining({ code: 'NOT_READY' }));
    await catalogue.refresh();
    expect(catalogue.pick('digits').version).toBe(1);
    expect(() => catalogue.pick('cats')).toThrow(expect.objectContaining({ code: 'MODEL_UNKNOWN' }));
  });

  it('serves the newest version, and the one before it by number', async () => {
    for (const version of [1, 2, 10]) await register(store, 'digits', version);
    await register(store, 'birds', 1);
    await catalogue.refresh();
    expect(states()).toEqual(['birds 1 ready', 'digits 10 ready', 'digits 2 ready']);
    expect(catalogue.pick('digits').version).toBe(10);
    expect(catalogue.pick('digits', 2).version).toBe(2);
    expect(() => catalogue.pick('digits', 1)).toThrow(expect.objectContaining({ code: 'MODEL_UNKNOWN' }));
    expect(() => catalogue.pick('cats')).toThrow(/birds, digits/u);
  });

  it('follows the registry: takes up a new version, gives up the oldest and what was removed', async () => {
    await register(store, 'digits', 1);
    await catalogue.refresh();
    await register(store, 'digits', 2);
    await register(store, 'digits', 3);
    await catalogue.refresh();
    expect([...engine.loaded.keys()].sort()).toEqual(['digits.2', 'digits.3']);
    await store.delete(modelKeys.entry('digits', 3));
    await catalogue.refresh();
    expect([...engine.loaded.keys()].sort()).toEqual(['digits.1', 'digits.2']);
    expect(catalogue.pick('digits').version).toBe(2);
  });

  it('does not see a version whose entry is not written yet', async () => {
    await store.put(`${modelKeys.prefix('digits', 1)}saved_model.pb`, 'fine');
    await catalogue.refresh();
    expect(catalogue.models()).toEqual([]);
  });

  it.each([
    ['TensorFlow refuses', 'refused', async () => {}],
    ['has another content than its entry says', 'fine', (key: string) => store.put(key, 'fake')],
    ['is cut short', 'fine', (key: string) => store.put(key, 'fin')],
    ['lacks a file', 'fine', (key: string) => store.delete(key)],
  ])('passes over a version that %s and goes on with the older one', async (_fault, text, damage) => {
    await register(store, 'digits', 1);
    await register(store, 'digits', 2, text);
    await damage(`${modelKeys.prefix('digits', 2)}saved_model.pb`);
    await catalogue.refresh();
    expect(states()).toEqual(['digits 2 failed', 'digits 1 ready']);
    expect(catalogue.pick('digits').version).toBe(1);
    expect(() => catalogue.pick('digits', 2)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });

  it('tries a failed version again only when it is asked to', async () => {
    const key = `${modelKeys.prefix('digits', 1)}saved_model.pb`;
    await register(store, 'digits', 1);
    await store.put(key, 'fake');
    await catalogue.refresh();
    await store.put(key, 'fine');
    await catalogue.refresh();
    expect(states()).toEqual(['digits 1 failed']);
    await catalogue.refresh({ retryFailed: true });
    expect(states()).toEqual(['digits 1 ready']);
  });

  it('gives up a version that takes the engine down twice', async () => {
    await register(store, 'digits', 1, 'deadly');
    await catalogue.refresh();
    expect(states()).toEqual(['digits 1 loading']);
    await catalogue.refresh();
    expect(states()).toEqual(['digits 1 failed']);
  });

  it('loads everything again after the engine lost it, and answers "not ready" meanwhile', async () => {
    await register(store, 'digits', 1);
    await catalogue.refresh();
    engine.loaded.clear();
    catalogue.forgetLoaded();
    expect(() => catalogue.pick('digits')).toThrow(expect.objectContaining({ code: 'NOT_READY' }));
    await catalogue.refresh();
    expect(catalogue.pick('digits').version).toBe(1);
    expect([...engine.loaded.keys()]).toEqual(['digits.1']);
  });

  it('refuses a model that does not do what its signature says', async () => {
    engine.outputs = 5;
    await register(store, 'digits', 1);
    await catalogue.refresh();
    expect(() => catalogue.pick('digits')).toThrow(/probabilities of shape \[batch, 2\].*\[1, 5\]/u);
  });

  it('gives up a version whose entry is in a newer format, and serves the one before it', async () => {
    await register(store, 'digits', 1);
    await register(store, 'digits', 2);
    await store.put(modelKeys.entry('digits', 2), '{"format":"bluewaters.model.v2"}');
    await catalogue.refresh();
    expect(states()).toEqual(['digits 2 failed', 'digits 1 ready']);
    expect(() => catalogue.pick('digits', 2)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    expect(catalogue.pick('digits')).toMatchObject({ version: 1 });
  });

  it('reads no file that an entry names outside of its version', async () => {
    await register(store, 'digits', 1);
    const key = modelKeys.entry('digits', 1);
    const entry = JSON.parse(Buffer.from(await store.get(key)).toString()) as { files: { key: string }[] };
    entry.files[0]!.key = 'models/digits/1/../../../outside';
    await store.put(key, JSON.stringify(entry));
    await catalogue.refresh();
    expect(() => catalogue.pick('digits')).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });

  it('tells each change once, in order', async () => {
    const told: string[] = [];
    const tell = (what: string) => (served: ServedVersion) =>
      void told.push(`${served.version} ${what}${served.state}`);
    catalogue.observe({ onChange: tell(''), onDropped: tell('dropped when ') });
    await register(store, 'digits', 1);
    await catalogue.refresh();
    await catalogue.refresh();
    await store.delete(modelKeys.entry('digits', 1));
    await catalogue.refresh();
    expect(told).toEqual(['1 loading', '1 ready', '1 dropped when ready']);
  });
});

describe('a local copy of a remote model', () => {
  it('goes when its version is not served any more', async () => {
    const store = new MemoryStore();
    const engine = new FakeEngine();
    for (const version of [1, 2]) await register(store, 'digits', version);
    const loader = { store, engine, cacheDirectory: join(directory, 'cache'), probe: new Uint8Array() };
    const catalogue = new Catalogue(loader, createLogger({ service: 'test', level: 'silent' }));
    await catalogue.refresh();
    await store.delete(modelKeys.entry('digits', 1));
    await catalogue.refresh();
    expect(await readdir(join(directory, 'cache', 'models', 'digits'))).toEqual(['2']);
  });

  it('is made again when it was damaged, and only then', async () => {
    const store = new MemoryStore();
    const engine = new FakeEngine();
    await register(store, 'digits', 1);
    const cacheDirectory = join(directory, 'cache');
    const log = createLogger({ service: 'test', level: 'silent' });
    const serveAnew = async () => {
      const catalogue = new Catalogue({ store, engine, cacheDirectory, probe: new Uint8Array() }, log);
      await catalogue.refresh();
      return catalogue.pick('digits').state;
    };
    expect(await serveAnew()).toBe('ready');
    await writeFile(join(engine.loaded.get('digits.1')!, 'saved_model.pb'), 'fake');
    expect(await serveAnew()).toBe('ready');
    await store.delete(`${modelKeys.prefix('digits', 1)}saved_model.pb`);
    expect(await serveAnew()).toBe('ready');
  });
});
