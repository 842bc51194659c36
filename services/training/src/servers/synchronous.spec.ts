import { runKeys } from '@bluewaters/records';
import {
  Graph,
  hasNativeOperations,
  initializers,
  readCheckpoint,
  Session,
  Tensor,
  variable,
} from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { workplace } from '../workplace.fixture.js';
import { AccumulatedExchange } from './accumulated-exchange.js';
import { startCluster, trainOn } from './cluster.fixture.js';
import { Ledger } from './ledger.js';

hasNativeOperations();

type Place = Awaited<ReturnType<typeof workplace>>;

/** All variables of the checkpoint of a step. */
async function valuesAt({ store }: Place, step: number): Promise<Map<string, number[]>> {
  const tensors = await readCheckpoint(store.localPath(`${runKeys.checkpoints('r')}model.ckpt-${step}`) as string);
  const values = new Map([...tensors].map(([name, tensor]) => [name, [...tensor.values()].map(Number)]));
  for (const tensor of tensors.values()) tensor[Symbol.dispose]();
  return values;
}

/** The largest difference between the variables of two runs. */
async function distance(one: Place, other: Place, step: number): Promise<number> {
  const [a, b] = [await valuesAt(one, step), await valuesAt(other, step)];
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  const apart = [...a].flatMap(([name, values]) =>
    values.map((value, index) => Math.abs(value - (b.get(name)?.[index] ?? NaN))),
  );
  return apart.reduce((largest, value) => (value <= largest ? largest : value), 0);
}

/** What was told of gradients that came too late. */
const droppedIn = ({ said }: Place): number[] => said.flatMap(({ figures }) => figures?.['dropped'] ?? []);

describe('workers of parameter servers that wait for one another', { timeout: 120_000 }, () => {
  it('come to the weights of one process with the whole batch, stopped in between or not', async () => {
    const [alone, together] = [await workplace(), await workplace()];
    await alone.start({ epochs: 3 });
    const layout = { servers: 2, workers: 2, update: 'synchronous' } as const;
    const stopped = trainOn(await startCluster(layout), together, { changes: { epochs: 3 }, stopAfter: 8 });
    // Within the second epoch: they have six steps each.
    await expect(stopped).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringMatching(/step (8|9)$/u) as string,
    });
    expect(await trainOn(await startCluster(layout), together, { changes: { epochs: 3 } })).toMatchObject({
      steps: 18,
    });
    expect(await distance(alone, together, 18)).toBeLessThan(1e-4);
  });

  it('do not wait for a backup worker that never comes, and learn as well', async () => {
    const place = await workplace();
    const layout = { servers: 1, workers: 3, update: 'synchronous', backupWorkers: 1 } as const;
    const members = (await startCluster(layout)).slice(0, 2);
    expect(await trainOn(members, place)).toMatchObject({ steps: 36, evaluation: { top1: 1 } });
    expect(droppedIn(place).every((count) => count === 0)).toBe(true);
  });

  it('tell how many gradients came too late, where an update does not wait for all', async () => {
    const place = await workplace();
    const layout = { servers: 2, workers: 3, update: 'synchronous', backupWorkers: 1 } as const;
    expect(await trainOn(await startCluster(layout), place)).toMatchObject({ steps: 36 });
    const dropped = droppedIn(place);
    expect(dropped.length).toBeGreaterThan(0);
    // No more than one an update, and never fewer than before.
    expect(dropped.every((count, index) => count >= (dropped[index - 1] ?? 0) && count <= 36)).toBe(true);
    const waiting = await workplace();
    await trainOn(await startCluster({ servers: 1, workers: 2, update: 'synchronous' }), waiting);
    expect(droppedIn(waiting)).toEqual([]);
  });

  it('refuse what they could not share', async () => {
    const place = await workplace();
    for (const [backupWorkers, changes, field] of [
      [0, { microBatches: 2 }, 'microBatches'],
      [0, { precision: 'float16' }, 'precision'],
      [0, { batch: 15 }, 'batch'],
      [2, {}, 'batch'],
    ] as const) {
      const [chief] = await startCluster({ servers: 1, workers: 2, update: 'synchronous', backupWorkers });
      await expect(trainOn([chief!], place, { changes })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        details: { field },
      });
    }
  });
});

describe('collected gradients', () => {
  it('make the mean of as many as it takes; those of variables from before are dropped', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const weight = variable(scope, 'weight', { dtype: 'float32', shape: [], initializer: initializers.zeros() });
    const exchange = new AccumulatedExchange({ worker: 0, needed: 2 });
    const gradient = scope.placeholder('float32', []);
    const { contribute, means } = exchange.collect(scope, [weight], [gradient]);
    const { readAt, begin } = exchange.counting!;
    using session = new Session(graph);
    const at = async (step: number, value: number, target = contribute): Promise<void> => {
      using count = Tensor.scalar('int64', step);
      using fed = Tensor.scalar('float32', value);
      await session.run({
        feeds: [
          [readAt, count],
          [gradient, fed],
        ],
        targets: [target],
      });
    };
    const mean = async (): Promise<number> => {
      const [found] = await session.run({ fetches: means });
      using tensor = found as Tensor;
      return tensor.number();
    };
    await at(5, 0, begin);
    await at(4, 100);
    await at(5, 1);
    await at(5, 3);
    expect(await mean()).toBe(2);
    await at(5, 100); // read before that update
    await at(6, 10);
    const waiting = mean();
    await at(6, 20);
    expect(await waiting).toBe(15);
  });

  it('are counted where they come after their update, and only there', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const start = { shape: [], initializer: initializers.zeros() };
    const weight = variable(scope, 'weight', { dtype: 'float32', ...start });
    const globalStep = variable(scope, 'global_step', { dtype: 'int64', ...start });
    const exchange = new AccumulatedExchange({ worker: 0, needed: 2 });
    const { contribute, means } = exchange.collect(scope, [weight], [scope.constant(1)]);
    const one = { inputs: [globalStep.handle, scope.constant(1n)], attributes: { dtype: 'int64' } } as const;
    const step = scope.after(...means.map(({ operation }) => operation)).op('AssignAddVariableOp', one);
    const { counting } = exchange;
    const ledger = new Ledger(scope, { globalStep, worker: 0, workers: 3, counting });
    const noted = ledger.noting({ step, contribute });
    using session = new Session(graph);
    const at = async (read: number, target = noted.contribute!): Promise<void> => {
      using count = Tensor.scalar('int64', read);
      await session.run({ feeds: [[counting!.readAt, count]], targets: [target] });
    };
    const dropped = async (): Promise<number> => {
      const [found] = await session.run({ fetches: [noted.dropped!], targets: [noted.step] });
      using tensor = found as Tensor;
      return tensor.number();
    };
    await session.run({ targets: [globalStep.initializer, ledger.reset] });
    await at(0, counting!.begin);
    for (const read of [0, 0]) await at(read);
    expect(await dropped()).toBe(0);
    for (const read of [0, 1, 1]) await at(read);
    expect(await dropped()).toBe(1);
    // Of one more than it takes an update makes use.
    for (const read of [1, 1, 2, 2, 2]) await at(read);
    expect(await dropped()).toBe(3);
  });
});
