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
const ENTRY: RunEntry = { format: 'bluewaters.run.v1', request: REQUEST, state: 'stopped', step: 5, epoch: 0 };

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

  it('lets a run have more epochs but nothing that changes what was learned', () => {
    expect(() => assertSameRun(ENTRY, { ...REQUEST, epochs: 9 })).not.toThrow();
    expect(() => assertSameRun(ENTRY, { ...REQUEST, batch: 64 })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: { field: 'batch', expected: '32', got: '64' },
      }),
    );
  });

  it('has one digest for requests that differ only in what may change', () => {
    expect(requestDigest({ ...REQUEST, epochs: 9, keepCheckpoints: 5 })).toBe(requestDigest(REQUEST));
    expect(requestDigest({ ...REQUEST, seed: 2 })).not.toBe(requestDigest(REQUEST));
  });
});
