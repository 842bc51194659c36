import { describe, expect, it } from 'vitest';
import { compareWithPython } from './parity.fixture.js';

const python = process.env['BLUEWATERS_PYTHON'];

// In a file of its own: the first session of a process decides for all how many threads there are.
describe.skipIf(!python)('a training step with two threads', { timeout: 900_000 }, () => {
  it('of resnet-20 gives the loss and the variables of the network written in Python within 1e-5', async () => {
    const step = { network: 'resnet-20', imageSize: 32, batch: 8, outputs: 11 };
    const [found] = await compareWithPython(python!, [step], { threads: 2, rewrite: true });
    const [ours, theirs] = found!.losses;
    expect(Math.abs(ours / theirs - 1)).toBeLessThan(1e-5);
    expect(found!.largest.relative).toBeLessThan(1e-5);
  });
});
