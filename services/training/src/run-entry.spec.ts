import { TrainRequest } from '@bluewaters/messages';
import { describe, expect, it } from 'vitest';
import { assertSameRun, parseRunEntry, requestDigest, type RunEntry } from './run-entry.js';

const REQUEST = TrainRequest.parse({
  run: 'r',
  dataset: 'd',
  manifest: 'a'.repeat(64),
  model: 'm',
  network: 'lenet',
  epochs: 2,
  batch: 32,
  imageSize: 28,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 0,
  seed: 1,
  checkpointEverySteps: 10,
  keepCheckpoints: 2,
});
const ENTRY: RunEntry = {
  ...{ format: 'bluewaters.run.v1', request: REQUEST, state: 'stopped', step: 5, epoch: 0 },
  evaluations: [],
  worlds: [{ fromStep: 0, ranks: 2 }],
};

describe('a run entry', () => {
  it('is the same after a journey through its file', () => {
    expect(parseRunEntry(JSON.stringify(ENTRY), 'run.json')).toEqual(ENTRY);
  });

  it.each(['not json', '{"format":"bluewaters.run.v1"}', JSON.stringify({ ...ENTRY, step: -1 })])(
    'is refused by name when it is damaged: %s',
    (text) => {
      expect(() => parseRunEntry(text, 'run.json')).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
    },
  );

  it.each(['bluewaters.run.v2', 'bluewaters.run.v0'])('is refused when it is of another version: %s', (got) => {
    expect(() => parseRunEntry(JSON.stringify({ ...ENTRY, format: got }), 'run.json')).toThrow(
      expect.objectContaining({
        code: 'FORMAT_UNKNOWN',
        details: { file: 'run.json', field: 'format', expected: 'bluewaters.run.v1', got },
      }),
    );
  });

  it('lets a run have more epochs but nothing that changes what was learned', () => {
    expect(() => assertSameRun(ENTRY, { ...REQUEST, epochs: 9 })).not.toThrow();
    expect(() => assertSameRun(ENTRY, { ...REQUEST, batch: 64 })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: { field: 'batch', expected: '32', got: '64' },
      }),
    );
  });

  it('reads what was written before there were recipes, and takes its run up', () => {
    const { run, dataset, manifest, model, network, epochs, batch, imageSize, learningRate } = REQUEST;
    const { momentum, weightDecay, seed, checkpointEverySteps, keepCheckpoints } = REQUEST;
    const early = {
      ...{ run, dataset, manifest, model, network, epochs, batch, imageSize, learningRate },
      ...{ momentum, weightDecay, seed, checkpointEverySteps, keepCheckpoints },
    };
    const entry = parseRunEntry(JSON.stringify({ ...ENTRY, request: early }), 'run.json');
    expect(() => assertSameRun(entry, REQUEST)).not.toThrow();
    // The digest that checkpoints of that time bear.
    expect(requestDigest(REQUEST)).toBe('502886e51befcd63182cc96422d38a217bc285d6cca7a5559f5600f5dac293f8');
  });

  it.each([
    ['augmentation', { augmentation: ['flip'] }, '', 'flip'],
    ['gradientClip', { gradientClip: 1 }, 'undefined', '1'],
    ['offsetRate', { offsetRate: 64 }, '1', '64'],
    ['decayEpochs', { decayEpochs: [30, 60] }, '', '30,60'],
    ['optimiser', { optimiser: 'lars' }, 'momentum', 'lars'],
  ] as const)('tells runs apart by their %s', (field, change, expected, got) => {
    const other = TrainRequest.parse({ ...REQUEST, ...change });
    expect(requestDigest(other)).not.toBe(requestDigest(REQUEST));
    const refusal = expect.objectContaining({ code: 'CONFIG_INVALID', details: { field, expected, got } }) as Error;
    expect(() => assertSameRun(ENTRY, other)).toThrow(refusal);
    expect(() => assertSameRun({ ...ENTRY, request: other }, REQUEST)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('has one digest for requests that differ only in what may change', () => {
    expect(requestDigest({ ...REQUEST, epochs: 9, keepCheckpoints: 5, evaluateEvery: 2, views: 'mirrored' })).toBe(
      requestDigest(REQUEST),
    );
    expect(requestDigest({ ...REQUEST, seed: 2 })).not.toBe(requestDigest(REQUEST));
  });
});
