import { describe, expect, it } from 'vitest';
import {
  add,
  argMax,
  biasAdd,
  cast,
  conv2d,
  equal,
  gradients,
  Graph,
  group,
  initializers,
  liveHandles,
  matMul,
  maxPool,
  mean,
  relu,
  reshape,
  Session,
  softmaxCrossEntropyLoss,
  square,
  sub,
  Tensor,
  variable,
  type Operation,
  type Output,
  type Scope,
  type Variable,
} from './index.js';

function descend(scope: Scope, variables: readonly Variable[], slopes: readonly Output[], rate: number): Operation {
  const updates = variables.map((target, i) =>
    scope.op('ResourceApplyGradientDescent', {
      inputs: [target.handle, scope.constant(rate), slopes[i]!],
    }),
  );
  return group(scope, updates, { name: 'step' });
}

/** Twelve grey pictures of 8 by 8 with a bright half, left or right, which is the label. */
function pictures(): { images: Tensor; labels: Tensor } {
  const count = 12;
  const pixel = (i: number) => {
    const [picture, column] = [Math.floor(i / 64), i % 8];
    return (column < 4 === (picture % 2 === 0) ? 1 : 0) + ((i * 7919) % 100) / 200;
  };
  return {
    images: Tensor.of(
      'float32',
      [count, 8, 8, 1],
      Float32Array.from({ length: count * 64 }, (_, i) => pixel(i)),
    ),
    labels: Tensor.of(
      'int64',
      [count],
      Array.from({ length: count }, (_, i) => BigInt(i % 2)),
    ),
  };
}

function smallNetwork(scope: Scope, images: Output): { logits: Output; variables: Variable[] } {
  const weights = (name: string, shape: number[]) =>
    variable(scope, name, { dtype: 'float32', shape, initializer: initializers.heNormal({ seed: 5 }) });
  const zeros = (name: string, size: number) =>
    variable(scope, name, { dtype: 'float32', shape: [size], initializer: initializers.zeros() });
  const [filter, filterBias, dense, denseBias] = [
    weights('conv/weights', [3, 3, 1, 4]),
    zeros('conv/biases', 4),
    weights('dense/weights', [64, 2]),
    zeros('dense/biases', 2),
  ] as const;
  const conv = relu(scope, biasAdd(scope, conv2d(scope, images, filter.value), filterBias.value));
  const flat = reshape(scope, maxPool(scope, conv, [2, 2]), [-1, 64]);
  const logits = biasAdd(scope, matMul(scope, flat, dense.value), denseBias.value);
  return { logits, variables: [filter, filterBias, dense, denseBias] };
}

/** A network that learns, built in `scope`. */
function trainable(scope: Scope) {
  const images = scope.placeholder('float32', [null, 8, 8, 1], { name: 'images' });
  const labels = scope.placeholder('int64', [null], { name: 'labels' });
  const { logits, variables } = smallNetwork(scope, images);
  const loss = softmaxCrossEntropyLoss(scope, logits, labels);
  const slopes = gradients(
    scope,
    [loss],
    variables.map(({ value }) => value),
  );
  const accuracy = mean(scope, cast(scope, equal(scope, argMax(scope, logits, 1), labels), 'float32'));
  return { images, labels, variables, loss, accuracy, step: descend(scope, variables, slopes, 0.1) };
}

async function lossesOf(steps: number, threads: number): Promise<{ losses: number[]; accuracy: number }> {
  using graph = new Graph();
  const { images, labels, variables, loss, accuracy, step } = trainable(graph.scope());
  using session = new Session(graph, { intraOpThreads: threads, interOpThreads: 1 });
  await session.run({ targets: variables.map(({ initializer }) => initializer) });
  const shown = pictures();
  using shownImages = shown.images;
  using shownLabels = shown.labels;
  const feeds = [
    [images, shownImages],
    [labels, shownLabels],
  ] as const;
  const losses: number[] = [];
  for (let i = 0; i < steps; i += 1) {
    using value = (await session.run({ feeds, fetches: [loss], targets: [step] }))[0]!;
    losses.push(value.number());
  }
  using reached = (await session.run({ feeds, fetches: [accuracy] }))[0]!;
  return { losses, accuracy: reached.number() };
}

describe('training', () => {
  it('finds the line that points lie on', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.constant([[-1], [0], [1], [2]]);
    const y = scope.constant([[-1], [1], [3], [5]]);
    const zero = { dtype: 'float32', initializer: initializers.zeros() } as const;
    const slope = variable(scope, 'slope', { ...zero, shape: [1, 1] });
    const offset = variable(scope, 'offset', { ...zero, shape: [1] });
    const line = add(scope, matMul(scope, x, slope.value), offset.value);
    const loss = mean(scope, square(scope, sub(scope, line, y)));
    const step = descend(scope, [slope, offset], gradients(scope, [loss], [slope.value, offset.value]), 0.1);
    using session = new Session(graph);
    await session.run({ targets: [slope.initializer, offset.initializer] });
    for (let i = 0; i < 200; i += 1) await session.run({ targets: [step] });
    const [found, at] = await session.run({ fetches: [slope.value, offset.value] });
    expect(found!.number()).toBeCloseTo(2, 3);
    expect(at!.number()).toBeCloseTo(1, 3);
    found![Symbol.dispose]();
    at![Symbol.dispose]();
  });

  it('lowers the loss of a convolutional network until it is right everywhere', async () => {
    const { losses, accuracy } = await lossesOf(40, 1);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 4);
    expect(accuracy).toBe(1);
  });

  it('gives bit-equal losses for equal seeds and thread counts', async () => {
    const [first, second] = [await lossesOf(10, 1), await lossesOf(10, 1)];
    expect(second.losses).toEqual(first.losses);
  });

  it('leaves no native memory behind over 1,000 steps', async () => {
    using graph = new Graph();
    const { images, labels, variables, loss, step } = trainable(graph.scope());
    using session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
    await session.run({ targets: variables.map(({ initializer }) => initializer) });
    const batch = 512;
    const oneStep = async () => {
      // 128 KiB of new native memory a step: 128 MiB over all, if it stayed.
      using x = Tensor.of('float32', [batch, 8, 8, 1], new Float32Array(batch * 64));
      using y = Tensor.of('int64', [batch], new BigInt64Array(batch));
      using value = (
        await session.run({
          feeds: [
            [images, x],
            [labels, y],
          ],
          fetches: [loss],
          targets: [step],
        })
      )[0]!;
      value.number();
    };
    for (let i = 0; i < 100; i += 1) await oneStep();
    const [handles, resident] = [liveHandles(), process.memoryUsage.rss()];
    for (let i = 0; i < 1000; i += 1) await oneStep();
    expect(liveHandles()).toEqual(handles);
    expect(process.memoryUsage.rss() - resident).toBeLessThan(64 << 20);
  });
});
