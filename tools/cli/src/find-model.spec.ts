import { encodeModelEntry, encodeSignature, modelKeys } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { describe, expect, it } from 'vitest';
import { findModel, findParent } from './find-model.js';

/** A registry with these versions of one model, each of a network of its own. */
async function registryOf(model: string, networks: readonly string[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [index, network] of networks.entries()) {
    const version = index + 1;
    const signatureKey = modelKeys.signature(model, version);
    const files = [{ key: `${modelKeys.prefix(model, version)}saved_model.pb`, size: 1, sha256: '0'.repeat(64) }];
    const facts = { model, version, signatureKey, files, createdAt: '2026-01-01T00:00:00.000Z' };
    await store.put(modelKeys.entry(model, version), encodeModelEntry({ format: 'bluewaters.model.v1', ...facts }));
    await store.put(
      signatureKey,
      encodeSignature({
        ...{ imageSize: 32 * version, channels: 3, mean: [0, 0, 0], std: [1, 1, 1], crop: 'squeeze' },
        ...{ colourOrder: 'RGB', classes: [{ label: 1, synset: 'n01440764', words: 'tench' }], outputs: 2 },
        ...{ background: 0, inputKey: 'image_bytes' },
        outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'],
      }),
    );
    await store.put(modelKeys.provenance(model, version), JSON.stringify({ request: { network }, step: 1 }));
  }
  return store;
}

describe('a model that is named', () => {
  it('is the version that was asked for, or else the newest', async () => {
    const store = await registryOf('fish', ['lenet', 'cifarnet']);
    expect(await findModel(store, 'fish')).toEqual({ model: 'fish', version: 2 });
    expect(await findModel(store, 'fish:1')).toEqual({ model: 'fish', version: 1 });
  });

  it.each(['birds', 'fish:3'])('is refused as %s when there is none, with those that there are', async (text) => {
    await expect(findModel(await registryOf('fish', ['lenet']), text)).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      details: { expected: 'fish:1', got: text },
    });
  });
});

describe('a model to start from', () => {
  it('brings its network and the size of its pictures along', async () => {
    const store = await registryOf('fish', ['lenet', 'cifarnet']);
    const parent = { model: 'fish', version: 2, network: 'cifarnet', imageSize: 64 };
    expect(await findParent(store, { from: 'fish' })).toEqual(parent);
    expect(await findParent(store, {})).toBeUndefined();
  });

  it('is refused when another version wrote where it comes from', async () => {
    const store = await registryOf('fish', ['lenet']);
    const file = modelKeys.provenance('fish', 1);
    await store.put(file, JSON.stringify({ format: 'bluewaters.provenance.v2', request: { network: 'lenet' } }));
    await expect(findParent(store, { from: 'fish' })).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      details: { file, expected: 'bluewaters.provenance.v1', got: 'bluewaters.provenance.v2' },
    });
  });

  it.each([{ freeze: ['conv1'] }, { fromRate: 0.1 }])('must be named beside %o', async (values) => {
    await expect(findParent(new MemoryStore(), values)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: Object.keys(values)[0] },
    });
  });
});
