import { beforeAll, describe, expect, it } from 'vitest';
import { compareWithPython, PATIENCE_MS, stepsToCompare, type Comparison } from './parity.fixture.js';

const python = process.env['BLUEWATERS_PYTHON'];
/** All but the one that equals Python's within rounding only: parity-threads compares that. */
const STEPS = stepsToCompare(['resnet-50', 'inception-v3', 'googlenet', 'vgg-16', 'alexnet']).filter(
  ({ network }) => network !== 'resnet-50-v2',
);

describe.skipIf(!python)('a training step with one thread', { timeout: PATIENCE_MS }, () => {
  let found: Map<string, Comparison>;
  beforeAll(async () => {
    found = await compareWithPython(python!, STEPS, 1);
  }, PATIENCE_MS);

  it.each(STEPS)(
    'of $network gives the loss and the variables of the network written in Python, bit for bit',
    ({ network }) => {
      const { losses, variables, differing } = found.get(network)!;
      expect(differing).toEqual([]);
      expect(variables).toBeGreaterThan(30);
      expect(losses[0]).toBe(losses[1]);
    },
  );
});
