import { Session, type Output, type Tensor, type Variable } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { listNetworks, networkByName, syntheticTraining, type StepSettings, type SyntheticTraining } from './index.js';

const PLAIN: StepSettings = { momentum: 0.9, weightDecay: 1e-3 };

/** A small network in training, by some settings; micro-batches are of `batch` pictures, which are the same each time. */
async function start(name: string, settings: StepSettings, batch = 8) {
  const made = syntheticTraining(networkByName(name), { batch, outputs: 4, imageSize: 12, settings });
  const session = new Session(made.graph, { intraOpThreads: 2, interOpThreads: 2 });
  await session.run({ targets: [made.initialize] });
  const values = async (...outputs: readonly Output[]): Promise<number[][]> => {
    const tensors = await session.run({ fetches: outputs });
    return tensors.map((tensor) => {
      using owned: Tensor = tensor;
      return Array.from(owned.values(), Number);
    });
  };
  const close = () => {
    session[Symbol.dispose]();
    made.graph[Symbol.dispose]();
  };
  return { made, session, values, weights: () => values(...valuesOf(made)), [Symbol.dispose]: close };
}

function valuesOf({ store }: SyntheticTraining): Output[] {
  return store.variables.map(({ value }) => value);
}

function closeTo(values: readonly (readonly number[])[], digits: number): unknown[][] {
  return values.map((row) => row.map((value) => expect.closeTo(value, digits) as unknown));
}

describe('a training step', { timeout: 120_000 }, () => {
  it('moves the offsets of batch normalisation by a rate of their own, and nothing else', async () => {
    using plain = await start('resnet-20', { momentum: 0, weightDecay: 0 });
    using faster = await start('resnet-20', { momentum: 0, weightDecay: 0, offsetRate: 64 });
    const names = plain.made.store.variables.map(({ name }) => name);
    const before = await plain.weights();
    for (const { session, made } of [plain, faster]) await session.run({ targets: [made.step] });
    const [slow, fast] = [await plain.weights(), await faster.weights()];
    for (const [index, name] of names.entries()) {
      const factor = name.endsWith('/beta') ? 64 : 1;
      const moved = slow[index]?.map((value, at) => (value - (before[index]?.[at] ?? NaN)) * factor) ?? [];
      const expected = moved.map((by, at) => expect.closeTo((before[index]?.[at] ?? NaN) + by, 4) as unknown);
      expect(fast[index], name).toEqual(expected);
    }
  });

  it('of micro-batches is the step of the large batch, twice over, for a network without batch normalisation', async () => {
    using large = await start('lenet', { ...PLAIN, gradientClip: 1 });
    using small = await start('lenet', { ...PLAIN, gradientClip: 1, microBatches: 4 });
    for (let step = 0; step < 2; step += 1) {
      await large.session.run({ targets: [large.made.step] });
      for (let micro = 0; micro < 3; micro += 1) await small.session.run({ targets: [small.made.accumulate!] });
      await small.session.run({ targets: [small.made.step] });
    }
    // The micro-batches hold the same pictures: their mean gradient is that of one of them.
    expect(await small.weights()).toEqual(closeTo(await large.weights(), 5));
    const [steps] = await small.values(small.made.variables.find(({ name }) => name === 'global_step')!.value);
    expect(steps).toEqual([2]);
  });

  it('moves averages of parameters and statistics after the update, fast at first', async () => {
    using run = await start('resnet-20', { ...PLAIN, averageDecay: 0.9 });
    const before = await run.weights();
    await run.session.run({ targets: [run.made.step] });
    const after = await run.weights();
    const averages = run.made.store.variables.map(({ name }) => run.made.averages.get(name) as Variable);
    const kept = 1 / 10; // of min(0.9, (1 + 0) / (10 + 0))
    const expected = after.map((row, i) => row.map((value, j) => kept * before[i]![j]! + (1 - kept) * value));
    expect(await run.values(...averages.map(({ value }) => value))).toEqual(closeTo(expected, 5));
    expect(run.made.slots).toEqual(expect.arrayContaining(averages));
  });

  it('copies no variable and no gradient for the update', async () => {
    using run = await start('lenet', PLAIN);
    const { metadata } = await run.session.trace({ targets: [run.made.step] });
    const nodes = metadata.stepStats?.devStats.flatMap(({ nodeStats }) => nodeStats) ?? [];
    const updating = nodes.filter(({ timelineLabel }) =>
      /= (ResourceApplyMomentum|BluewatersMomentum)\(/.test(timelineLabel),
    );
    expect(updating).toHaveLength(run.made.store.parameters.length);
    for (const { nodeName, memory } of updating) {
      const allocated = memory.flatMap(({ allocationRecords }) =>
        allocationRecords.map(({ allocBytes }) => allocBytes),
      );
      expect(allocated, nodeName).toEqual([]);
    }
  });

  it('clips the common norm of all gradients', async () => {
    const limit = 1e-3;
    using run = await start('lenet', { optimiser: 'sgd', momentum: 0, weightDecay: 0, gradientClip: limit });
    const before = (await run.weights()).flat();
    await run.session.run({ targets: [run.made.step] });
    const moved = (await run.weights()).flat().map((value, i) => (before[i]! - value) / 0.01);
    expect(Math.hypot(...moved)).toBeCloseTo(limit, 5);
  });

  it('weighs auxiliary heads as it is told, and as the network says otherwise', async () => {
    const loss = async (settings: StepSettings): Promise<number> => {
      const network = networkByName('googlenet');
      const { graph, ...made } = syntheticTraining(network, { batch: 2, outputs: 4, imageSize: 64, settings });
      using _ = graph;
      using session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
      await session.run({ targets: [made.initialize] });
      using value = (await session.run({ fetches: [made.loss] }))[0] as Tensor;
      return value.number();
    };
    const [without, own, twice] = [
      await loss({ ...PLAIN, auxiliaryWeight: 0 }),
      await loss(PLAIN),
      await loss({ ...PLAIN, auxiliaryWeight: 0.6 }),
    ];
    expect(own).toBeGreaterThan(without);
    expect(twice - without).toBeCloseTo(2 * (own - without), 3); // the network's own weight is 0.3
  });
});

describe('weight decay', () => {
  it(
    'is on the weights of convolutions and dense layers, and on nothing else, in every network',
    { timeout: 120_000 },
    () => {
      for (const network of listNetworks()) {
        const { graph, store } = syntheticTraining(network, { batch: 1, outputs: 3 });
        using _ = graph;
        const decayed = store.parameters.filter((parameter) => parameter.decayed).map(({ variable: { name } }) => name);
        const rest = store.parameters.filter((parameter) => !parameter.decayed).map(({ variable: { name } }) => name);
        expect(decayed.filter((name) => !name.endsWith('/weights'))).toEqual([]);
        expect(rest.filter((name) => !/\/(?:biases|beta|gamma)$/u.test(name))).toEqual([]);
      }
    },
  );
});
