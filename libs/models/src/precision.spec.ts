import { Session, type Operation, type Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { networkByName, syntheticTraining, type SyntheticTraining } from './index.js';

/** What multiplies by weights, and what normalises: for or back. */
const COMPUTING = /^(?:Conv2D|MatMul|FusedBatchNorm)/u;

function computing({ graph }: SyntheticTraining): Operation[] {
  return graph.operations().filter(({ name, type }) => name.startsWith('train/') && COMPUTING.test(type));
}

async function losses(made: SyntheticTraining, steps: number): Promise<number[]> {
  using session = new Session(made.graph, { intraOpThreads: 2, interOpThreads: 2 });
  await session.run({ targets: [made.initialize] });
  const found: number[] = [];
  while (found.length < steps) {
    using loss = (await session.run({ fetches: [made.loss], targets: [made.step] }))[0] as Tensor;
    found.push(loss.number());
  }
  return found;
}

describe('mixed precision', { timeout: 60_000 }, () => {
  it.each([
    ['resnet-20', 32],
    ['googlenet', 64],
    ['alexnet-2012-towers', 67],
    ['resnet-50-v2', 32],
  ])("lets %s compute in bfloat16 by TensorFlow's, with variables and loss in float32", (name, imageSize) => {
    const options = { batch: 2, outputs: 5, imageSize, compute: 'bfloat16', convolutions: 'stock' } as const;
    const made = syntheticTraining(networkByName(name), options);
    using _ = made.graph;
    const operations = computing(made);
    expect(operations.length).toBeGreaterThan(20);
    const others = operations.filter((operation) => operation.output().dtype !== 'bfloat16');
    expect(others.map((operation) => `${operation.type} ${operation.name}`)).toEqual([]);
    const variables = made.variables.filter(({ dtype }) => dtype !== 'int32' && dtype !== 'int64');
    expect(new Set(variables.map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
    expect(made.loss.dtype).toBe('float32');
  });

  it('adds no operation where a network computes in float32', () => {
    const made = syntheticTraining(networkByName('googlenet'), { batch: 2, outputs: 5, imageSize: 64 });
    using graph = made.graph;
    const casts = graph.operations().filter(({ type }) => type === 'Cast');
    // Gradients of means cast a count, and dropout what it keeps.
    expect(casts.filter(({ name }) => !/gradients|dropout/u.test(name)).map(({ name }) => name)).toEqual([]);
  });

  it.each([
    ['bfloat16', 'resnet-20'],
    ['float16', 'lenet'],
  ] as const)('in %s lowers the loss of %s on one batch, on a CPU', async (compute, name) => {
    const options = { batch: 8, outputs: 5, imageSize: 12, learningRate: 0.02, compute };
    const made = syntheticTraining(networkByName(name), options);
    using _ = made.graph;
    const found = await losses(made, 6);
    expect(found.every(Number.isFinite)).toBe(true);
    expect(found.at(-1)).toBeLessThan(0.9 * found[0]!);
  });

  it('scales the loss in float16, where small gradients vanish, and in no other dtype', () => {
    const scales = (compute: 'float16' | 'bfloat16') => {
      const made = syntheticTraining(networkByName('lenet'), { batch: 2, outputs: 5, compute });
      using _ = made.graph;
      return made.slots.filter(({ name }) => name === 'loss_scale').length;
    };
    expect([scales('float16'), scales('bfloat16')]).toEqual([1, 0]);
  });
});
