import { beforeAll, describe, expect, it } from 'vitest';
import { compareWithPython, type Comparison } from './parity.fixture.js';

/** `npm run prove -- parity` asks for the sizes of the papers. */
const FULL = process.env['BLUEWATERS_PARITY'] === 'full';

const python = process.env['BLUEWATERS_PYTHON'];
const minutes = FULL ? 60 : 15;

/** Networks with the side of their pictures in pixels, here and in full. */
const CASES = [
  { network: 'resnet-20', small: 32, full: 32 },
  { network: 'resnet-50', small: 64, full: 224 },
  { network: 'vgg-16', small: 32, full: 224 },
  { network: 'alexnet', small: 67, full: 227 },
  { network: 'alexnet-2012', small: 67, full: 227 },
  // TensorFlow's rewriting sorts the terms of sums by the names of operations, and Python's names are others: with more
  // than two terms, as where branches meet, sums then differ in the last bit.
  { network: 'inception-v3', small: 107, full: 299, rewrite: false },
];

describe.skipIf(!python)('a training step with one thread', { timeout: minutes * 60_000 }, () => {
  const found = new Map<string, Comparison>();

  beforeAll(async () => {
    for (const rewrite of [true, false]) {
      const cases = CASES.filter((one) => (one.rewrite ?? true) === rewrite);
      const steps = cases.map(({ network, small, full }) => ({
        network,
        imageSize: FULL ? full : small,
        batch: FULL ? 8 : 2, // a power of two: the mean over it is exact however it is taken
        outputs: FULL ? 1001 : 11,
      }));
      const comparisons = await compareWithPython(python!, steps, { threads: 1, rewrite });
      for (const [index, { network }] of cases.entries()) found.set(network, comparisons[index]!);
    }
  }, minutes * 60_000);

  it.each(CASES)(
    'of $network gives the loss and the variables of the network written in Python, bit for bit',
    ({ network }) => {
      const { losses, variables, differing } = found.get(network)!;
      expect(differing).toEqual([]);
      expect(variables).toBeGreaterThan(30);
      expect(losses[0]).toBe(losses[1]);
    },
  );
});
