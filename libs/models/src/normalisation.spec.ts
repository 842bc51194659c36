import { Graph, group, Session, Tensor, type Operation, type Output } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { ALONE, batchNorm, dropout, TrainingTower, VariableStore, type BatchStatistics } from './index.js';

const PIXELS = [1, 3, 5, 7];
const NONE: readonly Operation[] = [];

/** One channel of four pixels behind a layer, in a tower for training and one for evaluation. */
function towers(layer: 'batchNorm' | 'dropout', frozen = '', batchStatistics: BatchStatistics = 'own') {
  const graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 1);
  const step = root.placeholder('int64', [], { name: 'step' });
  const exchange = { ...ALONE, batchStatistics };
  const training = new TrainingTower(1, step, { isFrozen: (name) => name.startsWith(`${frozen}/`), exchange });
  const x = root.placeholder('float32', [layer === 'batchNorm' ? PIXELS.length : null, 1, 1, 1], { name: 'x' });
  const build = (name: string, tower?: TrainingTower): Output => {
    const context = { scope: root.child(name), variables, ...(tower && { training: tower }) };
    if (layer === 'dropout') return dropout(context, x, { name: 'drop', rate: 0.5 });
    return batchNorm(context, x, { name: 'bn', decay: 0.9, epsilon: 1e-3 });
  };
  const [trained, evaluated] = [build('train', training), build('evaluate')];
  const initialize = group(
    root,
    variables.variables.map(({ initializer }) => initializer),
  );
  const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  const run = async (output: Output, { at = 0n, pixels = PIXELS, targets = NONE } = {}) => {
    using fed = Tensor.of('float32', [pixels.length, 1, 1, 1], pixels);
    using now = Tensor.scalar('int64', at);
    const feeds = [[x, fed] as const, [step, now] as const];
    using y = (await session.run({ feeds, fetches: [output], targets }))[0] as Tensor;
    return [...y.values('float32')];
  };
  const close = () => {
    session[Symbol.dispose]();
    graph[Symbol.dispose]();
  };
  return { run, trained, evaluated, variables, training, session, initialize, [Symbol.dispose]: close };
}

describe('batch normalisation', () => {
  it.each(['own', 'synchronised'] as const)('takes of the batch in training, else the moving ones, %s', async (how) => {
    using made = towers('batchNorm', '', how);
    await made.session.run({ targets: [made.initialize] });
    const [mean, deviation] = [4, Math.sqrt(5 + 1e-3)];
    const normalised = PIXELS.map((pixel) => expect.closeTo((pixel - mean) / deviation, 5) as number);
    expect(await made.run(made.trained)).toEqual(normalised);
    const unchanged = PIXELS.map((pixel) => expect.closeTo(pixel / Math.sqrt(1 + 1e-3), 5) as number);
    expect(await made.run(made.evaluated)).toEqual(unchanged);
  });

  it('does in training what it does in evaluation where it is frozen', async () => {
    using made = towers('batchNorm', 'bn');
    await made.session.run({ targets: [made.initialize] });
    expect(await made.run(made.trained)).toEqual(await made.run(made.evaluated));
    expect(made.training.updates).toEqual([]);
  });

  it.each(['own', 'synchronised'] as const)('lets the moving averages go a tenth of the way, %s', async (how) => {
    using made = towers('batchNorm', '', how);
    await made.session.run({ targets: [made.initialize] });
    const averages = made.variables.variables.filter(({ trainable }) => !trainable);
    expect(averages.map(({ name }) => name)).toEqual(['bn/moving_mean', 'bn/moving_variance']);
    await made.run(made.trained, { targets: made.training.updates });
    const values = await Promise.all(averages.map(({ value }) => made.run(value)));
    const unbiased = 20 / 3; // over n - 1
    expect(values).toEqual([[expect.closeTo(0.4, 5)], [expect.closeTo(0.9 + 0.1 * unbiased, 5)]]);
  });

  it('decays neither its scale nor its offset', () => {
    using made = towers('batchNorm');
    expect(made.variables.parameters.map(({ variable: { name }, decayed }) => [name, decayed])).toEqual([
      ['bn/beta', false],
      ['bn/gamma', false],
    ]);
  });
});

describe('dropout', () => {
  const pixels = Array.from({ length: 64 }, () => 1);

  it('draws anew each step, and the same at the same step', async () => {
    using made = towers('dropout');
    const [first, again, next] = [
      await made.run(made.trained, { at: 5n, pixels }),
      await made.run(made.trained, { at: 5n, pixels }),
      await made.run(made.trained, { at: 6n, pixels }),
    ];
    expect(again).toEqual(first);
    expect(next).not.toEqual(first);
    expect([...new Set(first)].sort()).toEqual([0, 2]);
  });

  it('is not there in evaluation', () => {
    using made = towers('dropout');
    expect(made.evaluated.name).toBe('x:0');
  });
});
