import { Session, type ComputeDType, type Tensor } from '@bluewaters/tensorflow';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { networkByName, syntheticTraining } from './index.js';
import type * as normalisation from './normalisation.js';

// Its draws are others in each dtype, so that losses would be apart by what is dropped.
vi.mock('./normalisation.js', async (original) => ({
  ...(await original<typeof normalisation>()),
  dropout: (_context: unknown, x: unknown) => x,
}));

interface Stepped {
  /** Of the same batch, before the step and after it. */
  readonly losses: readonly [before: number, after: number];
  /** Names of the variables that are no numbers after the step. */
  readonly broken: readonly string[];
  /** dtypes of what the network and the optimiser keep, counts aside. */
  readonly dtypes: readonly string[];
  /** What float16's loss is multiplied by after the step. */
  readonly lossScale: number | undefined;
}

/** One step on a batch of four pictures. */
async function step(
  name: string,
  imageSize: number,
  compute: ComputeDType,
  convolutions: 'fastest' | 'stock' = 'fastest',
): Promise<Stepped> {
  const options = { batch: 4, outputs: 5, imageSize, learningRate: 1e-3, compute, convolutions };
  const made = syntheticTraining(networkByName(name), options);
  using _ = made.graph;
  using session = new Session(made.graph, { intraOpThreads: 2, interOpThreads: 1 });
  await session.run({ targets: [made.initialize] });
  const loss = async (...targets: (typeof made.step)[]): Promise<number> => {
    using value = (await session.run({ fetches: [made.loss], targets }))[0] as Tensor;
    return value.number();
  };
  const losses = [await loss(made.step), await loss()] as const;
  const kept = [...made.store.variables, ...made.slots].filter(({ dtype }) => !dtype.startsWith('int'));
  const fetched = await session.run({ fetches: kept.map(({ value }) => value) });
  const dtypes = [...new Set(fetched.map(({ dtype }) => dtype))];
  const values = fetched.map((tensor) => {
    using owned = tensor;
    return owned.values('float32');
  });
  return {
    ...{ losses, dtypes },
    broken: kept.filter((_variable, i) => !values[i]!.every(Number.isFinite)).map((variable) => variable.name),
    lossScale: values[kept.findIndex((variable) => variable.name === 'loss_scale')]?.[0],
  };
}

/** How far a number is from another, as a share of it. */
const apart = (found: number, expected: number): number => Math.abs(found / expected - 1);

describe('a step in mixed precision', { timeout: 120_000 }, () => {
  let plain: ReadonlyMap<string, Stepped>;
  beforeAll(async () => {
    plain = new Map([
      ['googlenet', await step('googlenet', 64, 'float32')],
      ['vgg-16', await step('vgg-16', 32, 'float32')],
    ]);
  }, 120_000);

  it.each([
    ['bfloat16', 'stock', 'googlenet', 64, 0.02],
    ['bfloat16', 'fastest', 'googlenet', 64, 0.02],
    ['float16', 'stock', 'googlenet', 64, 0.002],
    ['bfloat16', 'stock', 'vgg-16', 32, 0.02],
    ['bfloat16', 'fastest', 'vgg-16', 32, 0.02],
  ] as const)('in %s, %s, of %s has the losses of float32, before and after', async (...one) => {
    const [compute, convolutions, name, size, most] = one;
    const [before, after] = plain.get(name)!.losses;
    expect(apart(after, before)).toBeGreaterThan(0.1);
    const { losses, broken, dtypes } = await step(name, size, compute, convolutions);
    expect(apart(losses[0], before)).toBeLessThan(most);
    expect(apart(losses[1], after)).toBeLessThan(most);
    expect([broken, dtypes]).toEqual([[], ['float32']]);
  });

  it('in float16 of vgg-16 has the loss of float32, and is left out as a gradient is beyond the range', async () => {
    const { losses, broken, dtypes, lossScale } = await step('vgg-16', 32, 'float16');
    expect(apart(losses[0], plain.get('vgg-16')!.losses[0])).toBeLessThan(0.002);
    expect(losses[1]).toBe(losses[0]);
    expect(lossScale).toBe(2 ** 14); // half of what it starts at
    expect([broken, dtypes]).toEqual([[], ['float32']]);
  });
});
