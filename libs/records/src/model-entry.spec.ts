import { describe, expect, it } from 'vitest';
import {
  encodeModelEntry,
  encodeProvenance,
  encodeSignature,
  parseModelEntry,
  parseProvenance,
  parseSignature,
  type ModelEntry,
  type Signature,
} from './index.js';

const source = { file: 'models/digits/1/entry.json' };

const signature: Signature = {
  imageSize: 28,
  channels: 1,
  mean: [0.13],
  std: [0.31],
  crop: 'squeeze',
  colourOrder: 'RGB',
  classes: [
    { label: 1, synset: 'n13742358', words: 'zero, 0' },
    { label: 2, synset: 'n13742573', words: 'one, 1' },
  ],
  outputs: 3,
  background: 0,
  inputKey: 'image_bytes',
  outputKeys: ['probabilities', 'top_probabilities', 'top_labels', 'top_synsets'],
};

const entry: ModelEntry = {
  format: 'bluewaters.model.v1',
  model: 'digits',
  version: 1,
  run: 'digits',
  step: 400,
  top1: 0.99,
  files: [{ key: 'models/digits/1/saved_model.pb', size: 3, sha256: 'ab' }],
  signatureKey: 'models/digits/1/signature.json',
  createdAt: '2026-01-02T03:04:05.000Z',
};

describe("a model's documents", () => {
  it('are read as they were written', () => {
    expect(parseSignature(encodeSignature(signature), source)).toEqual(signature);
    expect(parseModelEntry(encodeModelEntry(entry), source)).toEqual(entry);
  });

  it('tell of the code that made a version, but for those from before that was noted', () => {
    const made = { format: 'bluewaters.provenance.v1', code: { version: '0.1.0', digest: 'ab' }, step: 6 } as const;
    expect(parseProvenance(encodeProvenance(made), source)).toEqual(made);
    const { code: _, ...earlier } = made;
    expect(parseProvenance(encodeProvenance(earlier), source)).toEqual(earlier);
    const nameless = Buffer.from(JSON.stringify({ ...made, code: { version: '0.1.0' } }));
    expect(() => parseProvenance(nameless, source)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ ...source, field: 'code.digest' }) }),
    );
  });

  it.each([
    ['outputs', { ...signature, outputs: 2 }],
    ['classes', { ...signature, classes: [...signature.classes].reverse() }],
    ['imageSize', { ...signature, imageSize: 0 }],
  ])('are refused with the field that is wrong: %s', (field, wrong) => {
    expect(() => parseSignature(Buffer.from(JSON.stringify(wrong)), source)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', details: expect.objectContaining({ ...source, field }) }),
    );
  });

  it('are refused when they are cut short', () => {
    const half = encodeModelEntry(entry).subarray(0, 40);
    expect(() => parseModelEntry(half, source)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });
});
