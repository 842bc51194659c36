import { describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { LENET_TRAINING, useStoreWithDataset } from './support/dataset.js';
import { TrainedRuns } from './support/trained-runs.js';

const node = process.env['BLUEWATERS_OLD_NODE'] ?? '';

/** 12 an epoch. */
const STEPS = 24;

describe.skipIf(node === '')('ranks of MPI on Node.js 16 [BLUEWATERS_OLD_NODE]', { timeout: 300_000 }, () => {
  const premises = useStoreWithDataset();

  it('come to the very weights of ranks on today’s Node.js', async () => {
    for (const [run, options] of Object.entries({ old: { node }, new: {} })) {
      const training = ['train', ...LENET_TRAINING, '--epochs', '2', '--run', run, ...premises.store];
      const launched = await runCli(['launch', '--ranks', '2', '--json', '--', ...training], options);
      expect(launched.stderr).not.toContain('error');
      expect(launched.json<{ generations: number }>()).toMatchObject({ generations: 1 });
    }
    // Of two numbers there is but one sum, whoever adds them.
    expect(await new TrainedRuns(premises.folder, STEPS).distance('old', 'new')).toBe(0);
  });
});
