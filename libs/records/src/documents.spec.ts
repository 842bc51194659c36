import { describe, expect, it } from 'vitest';
import {
  decodeOffsets,
  encodeIndexedExamples,
  encodeManifest,
  encodeOffsets,
  parseIndexEntry,
  parseIndexedExamples,
  parseManifest,
  type IndexedExample,
  type Manifest,
} from './index.js';

const digest = 'ab'.repeat(32);
const manifest: Manifest = {
  format: 'bluewaters.manifest.v1',
  dataset: 'mnist',
  index: digest,
  seed: 7,
  classes: [{ synset: 'n13742358', label: 1, words: 'zero' }],
  splits: {
    train: [{ key: 'datasets/mnist/train-00000-of-00001', size: 10, sha256: digest, examples: 1 }],
    validation: [],
  },
};
const example: IndexedExample = {
  name: 'n13742358_1.JPEG',
  offset: 1024,
  size: 300,
  sha256: digest,
  width: 28,
  height: 28,
  channels: 1,
};

describe('manifest and index', () => {
  it('read back what was written, and write the same bytes for another order of fields', () => {
    const { format, ...rest } = manifest;
    const bytes = encodeManifest({ ...rest, format });
    expect(parseManifest(bytes, { file: 'x' })).toEqual(manifest);
    expect(bytes).toEqual(encodeManifest(manifest));
    // Indexes of earlier versions say neither format nor orientation.
    const turned: IndexedExample = { ...example, format: 'jpeg', orientation: 6 };
    const examples = [example, { ...example, repaired: digest }, turned];
    expect(parseIndexedExamples(encodeIndexedExamples(examples), { file: 'x' })).toEqual(examples);
  });

  it.each([
    ['{', undefined],
    ['{}', 'format'],
    [JSON.stringify({ ...manifest, seed: -1 }), 'seed'],
    [JSON.stringify({ ...manifest, classes: [{ synset: 'x', label: 1, words: '' }] }), 'classes.0.synset'],
    [JSON.stringify({ ...manifest, extra: 1 }), undefined],
  ])('refuse the manifest %s and name file and field', (text, field) => {
    expect(() => parseManifest(Buffer.from(text), { file: 'datasets/mnist/manifest.json' })).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        details: expect.objectContaining({
          file: 'datasets/mnist/manifest.json',
          ...(field === undefined ? {} : { field }),
        }),
      }),
    );
  });

  it('names the line of an index that is damaged', () => {
    const bytes = Buffer.concat([encodeIndexedExamples([example]), Buffer.from('{"name":1}\n')]);
    expect(() => parseIndexedExamples(bytes, { file: 'x' })).toThrow(
      expect.objectContaining({ code: 'INDEX_INVALID', details: expect.objectContaining({ field: 'line 2 name' }) }),
    );
    expect(() => parseIndexEntry(Buffer.from('[]'), { file: 'x' })).toThrow(
      expect.objectContaining({ code: 'INDEX_INVALID' }),
    );
  });
});

describe('offsets file', () => {
  const offsets = {
    records: [
      { offset: 0, length: 100 },
      { offset: 100, length: 2 ** 40 },
    ],
    size: 2 ** 40 + 100,
    sha256: digest,
    build: 'cd'.repeat(32),
  };

  it('reads back what was written', () => {
    expect(decodeOffsets(encodeOffsets(offsets), { file: 'x' })).toEqual(offsets);
  });

  it('is refused when it is cut, or a bit of its entries is flipped', () => {
    const bytes = encodeOffsets(offsets);
    for (const wrong of [
      bytes.subarray(0, 0),
      bytes.subarray(0, 95),
      bytes.subarray(0, bytes.length - 1),
      flipped(bytes, 100),
    ]) {
      expect(() => decodeOffsets(wrong, { file: 'x' })).toThrow(expect.objectContaining({ code: 'SHARD_CORRUPT' }));
    }
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 4;
  return copy;
}
