import { beforeAll, describe, expect, it } from 'vitest';
import { compareWithPython, PATIENCE_MS, stepsToCompare, type Comparison } from './parity.fixture.js';

const python = process.env['BLUEWATERS_PYTHON'];
/** The cheapest; the proof compares all. */
const STEPS = stepsToCompare(['resnet-20', 'resnet-50-v2']);

// In a file of its own: the first session of a process decides for all how many threads there are.
describe.skipIf(!python)('a training step with two threads', { timeout: PATIENCE_MS }, () => {
  let found: Map<string, Comparison>;
  beforeAll(async () => {
    found = await compareWithPython(python!, STEPS, 2);
  }, PATIENCE_MS);

  it.each(STEPS)(
    'of $network gives the loss and the variables of the network written in Python within rounding',
    ({ network }) => {
      const { losses, largest } = found.get(network)!;
      const [ours, theirs] = losses;
      const rounding = network === 'resnet-50-v2' ? 1e-4 : 1e-5;
      expect(Math.abs(ours / theirs - 1)).toBeLessThan(rounding);
      expect(largest.relative, largest.name).toBeLessThan(rounding);
    },
  );
});
