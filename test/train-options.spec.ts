import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recipeByName } from '@bluewaters/models';
import { readCheckpoint } from '@bluewaters/tensorflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { useStoreWithDataset } from './support/dataset.js';
import { isWeight } from './support/trained-runs.js';

/** What training ends with. */
interface Result {
  readonly version: number;
  readonly steps: number;
  readonly epochs: number;
  readonly exported: string;
  readonly stoppedEarly: boolean;
}

/** What `run.json` says. */
interface Entry {
  readonly request: Readonly<Record<string, unknown>>;
  readonly evaluations: readonly Evaluated[];
}

interface Evaluated {
  readonly step: number;
  readonly epoch: number;
  readonly evaluation: { readonly top1: number };
}

/** Values by the names of variables. */
type Values = ReadonlyMap<string, readonly number[]>;

/** 12 steps an epoch. */
const TRAINING = ['--dataset', 'd', '--batch', '8', '--threads', '1', '--json'];

/** More epochs than a run can have that ends with the first that is no better: there are 24 pictures to be right on. */
const EPOCHS = 30;

/** A run of a residual network by as many options as go together, from which others start. */
const PARENT = [
  ...['--run', 'parent', '--model', 'parent', '--network', 'resnet-20', '--image-size', '16'],
  ...['--epochs', String(EPOCHS), '--early-stop', '1', '--keep-checkpoints', '2', '--learning-rate', '0.02'],
  ...['--progressive-sizes', '12:1', '--augmentation', 'shift,flip', '--mix-up', '0.2', '--cut-mix', '1'],
  ...['--label-smoothing', '0.1', '--auxiliary-weight', '0.4', '--views', 'mirrored', '--mlperf-log'],
];

describe('training by its options', { timeout: 120_000 }, () => {
  const premises = useStoreWithDataset();
  let parent: Ended;

  const cli = async (...args: string[]): Promise<Ended> => {
    const ended = await runCli([...args, ...premises.store]);
    expect(ended.code, ended.stderr).toBe(0);
    return ended;
  };
  const train = (...args: string[]): Promise<Ended> => cli('train', ...TRAINING, ...args);
  const read = (...path: string[]): Promise<string> => readFile(join(premises.folder, ...path), 'utf8');
  const entryOf = async (run: string): Promise<Entry> =>
    JSON.parse(await read('runs', run, 'checkpoint_dir', 'run.json')) as Entry;

  async function valuesIn(...prefix: string[]): Promise<Values> {
    const tensors = await readCheckpoint(join(premises.folder, ...prefix));
    const values = new Map([...tensors].map(([name, tensor]) => [name, tensor.numbers()]));
    for (const tensor of tensors.values()) tensor[Symbol.dispose]();
    return values;
  }
  const modelOf = (model: string, version = 1): Promise<Values> =>
    valuesIn('models', model, String(version), 'variables', 'variables');
  /** Of the parent's variables that became a model, what the checkpoint of a step has. */
  async function checkpointAt(step: number, model: Values): Promise<Values> {
    const values = await valuesIn('runs', 'parent', 'checkpoint_dir', `model.ckpt-${step}`);
    return new Map([...model.keys()].map((name) => [name, values.get(name) ?? []]));
  }

  beforeAll(async () => {
    parent = await train(...PARENT);
  }, 120_000);

  it('trains by the hyperparameters that its options name, and keeps them with the run', async () => {
    const { request } = await entryOf('parent');
    expect(request).toMatchObject({
      ...{ network: 'resnet-20', imageSize: 16, epochs: EPOCHS, batch: 8, learningRate: 0.02 },
      ...{ progressiveSizes: [{ imageSize: 12, untilEpoch: 1 }], augmentation: ['shift', 'flip'] },
      ...{ mixUp: 0.2, cutMix: 1, labelSmoothing: 0.1, auxiliaryWeight: 0.4, views: 'mirrored' },
    });
    expect(parent.stderr).toContain('note: from epoch 2 on training pictures have 16 pixels');
    expect(JSON.parse(await read('models/parent/1/signature.json'))).toMatchObject({ views: 'mirrored' });
  });

  it('ends with --early-stop once epochs are no better, and makes the best the model', async () => {
    const { request, evaluations } = await entryOf('parent');
    expect(request).toMatchObject({ earlyStop: 1, export: 'best' });
    const [last, best] = [evaluations.at(-1)!, bestOf(evaluations)];
    expect(last.epoch).toBe(best.epoch + 1);
    const { epoch, step } = best;
    expect(parent.json<Result>()).toMatchObject({ epochs: last.epoch, exported: 'best', stoppedEarly: true, best });
    expect(parent.stderr).toContain(`note: the run ends after epoch ${last.epoch}: the best was epoch ${epoch}`);
    expect(parent.stderr).toMatch(
      new RegExp(`by the weights of epoch ${epoch}; stopped early after epoch ${last.epoch}$`, 'mu'),
    );
    const model = await modelOf('parent');
    expect(model).toEqual(await checkpointAt(step, model));
  });

  it('makes the last epoch the model where --export last is asked, of a run that is done too', async () => {
    const asked = await train(...PARENT, '--export', 'last');
    const { evaluations } = await entryOf('parent');
    const { version, ...result } = asked.json<Result>();
    expect(result).toMatchObject({ exported: 'last', steps: evaluations.at(-1)!.step, stoppedEarly: true });
    const model = await modelOf('parent', version);
    expect(model).toEqual(await checkpointAt(result.steps, model));
    expect(model).not.toEqual(await modelOf('parent', 1));
  });

  it("keeps MLPerf's log of each epoch with --mlperf-log", async () => {
    const { evaluations } = await entryOf('parent');
    const lines = (await read('runs/parent/checkpoint_dir/mlperf.log')).split('\n');
    const epochsOf = (key: string): unknown[] =>
      lines
        .filter((line) => line.includes(`"key":"${key}"`))
        .map((line) => Number(/"epoch_num":(\d+)/u.exec(line)?.[1]));
    const epochs = evaluations.map(({ epoch }) => epoch);
    expect([epochsOf('epoch_start'), epochsOf('eval_accuracy')]).toEqual([epochs, epochs]);
  });

  it('goes on with --from: what is frozen bit for bit, the rest by --from-rate within --gradient-clip', async () => {
    // Plain descent at a rate of 1: no step moves all weights together by more than what gradients are clipped to.
    const plain = ['--optimiser', 'sgd', '--learning-rate', '1', '--schedule', 'constant', '--warm-up-epochs', '0'];
    const [clip, rate] = [0.01, 0.1];
    const ended = await train(
      ...['--from', 'parent:1', '--freeze', 'conv1,block1', '--from-rate', String(rate)],
      ...['--run', 'child', '--model', 'child', '--epochs', '1', '--export', 'best', '--weight-decay', '0', ...plain],
      ...['--gradient-clip', String(clip)],
    );
    const { request } = await entryOf('child');
    expect(request).toMatchObject({
      ...{ from: { model: 'parent', version: 1, freeze: ['conv1', 'block1'], rate }, gradientClip: clip },
      ...{ network: 'resnet-20', imageSize: 16, export: 'best' },
    });
    const [before, after] = await Promise.all([modelOf('parent'), modelOf('child')]);
    expect(ended.stderr).toContain(`note: starting with ${before.size} of ${before.size} variables from parent:1`);
    const isFrozen = (name: string): boolean => /^(?:conv1|block1)\//u.test(name);
    expect(unchanged(before, after)).toEqual([...before.keys()].filter(isFrozen));
    const moved = distance(before, after, isWeight);
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(ended.json<Result>().steps * rate * clip * 1.001);
  });

  it('starts a layer of an imported model anew with --new-layers, and leaves the others', async () => {
    const file = join(premises.folder, 'models/parent/1');
    const what = ['--network', 'resnet-20', '--image-size', '16', '--new-layers', 'logits'];
    const synsets = ['--synsets', join(premises.directory, 'archive/synsets.txt')];
    const ended = await cli('models', 'import', file, '--model', 'renewed', ...what, ...synsets, '--json');
    const [before, after] = await Promise.all([modelOf('parent'), modelOf('renewed')]);
    const fresh = ['logits/biases', 'logits/weights'];
    expect(ended.json<{ fresh: string[] }>().fresh.sort()).toEqual(fresh);
    expect(unchanged(before, after)).toEqual([...before.keys()].filter((name) => !fresh.includes(name)));
  });

  it('trains by a recipe, with the network and the options that are given in place of its own', async () => {
    const ended = await train(
      '--recipe',
      'cifar-fast',
      '--network',
      'lenet',
      '--epochs',
      '1',
      '--precision',
      'bfloat16',
    );
    const { request } = await entryOf('d-lenet-cifar-fast');
    const { hyperparameters } = recipeByName('cifar-fast');
    const given = { network: 'lenet', epochs: 1, batch: 8, precision: 'bfloat16' };
    expect(request).toMatchObject({ ...hyperparameters, ...given, imageSize: 28, export: 'last' });
    expect(ended.json<Result>()).toMatchObject({ model: 'd', epochs: 1, exported: 'last', stoppedEarly: false });
  });
});

/** The first of those that are right most often. */
function bestOf(evaluations: readonly Evaluated[]): Evaluated {
  const highest = Math.max(...evaluations.map(({ evaluation }) => evaluation.top1));
  return evaluations.find(({ evaluation }) => evaluation.top1 === highest)!;
}

/** Names of the variables that are equal bit for bit. */
function unchanged(before: Values, after: Values): string[] {
  return [...before.keys()].filter((name) => String(before.get(name)) === String(after.get(name)));
}

/** How far variables of some names have moved, all together. */
function distance(before: Values, after: Values, counts: (name: string) => boolean): number {
  const moves = [...before]
    .filter(([name]) => counts(name))
    .flatMap(([name, values]) => {
      const others = after.get(name)!;
      return values.map((value, index) => value - others[index]!);
    });
  return Math.sqrt(moves.reduce((sum, move) => sum + move * move, 0));
}
