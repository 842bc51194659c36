import { Graph, Session, Tensor } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { networkByName } from './networks/registry.js';
import { VariableStore } from './variable-store.js';
import { classify, type Views } from './views.js';

const [BATCH, SIDE, OUTPUTS] = [3, 32, 11];
const pixels = Float32Array.from(
  { length: BATCH * SIDE * SIDE * 3 },
  (_, n) => Math.sin(n * 0.7) + Math.cos(n * 0.013),
);
const mirrored = pixels.map((_, n) => {
  const [channel, x, row] = [n % 3, Math.floor(n / 3) % SIDE, Math.floor(n / 3 / SIDE)];
  return pixels[(row * SIDE + (SIDE - 1 - x)) * 3 + channel] ?? NaN;
});

/** Logits of a network with the first weights of a seed. */
async function logitsOf(images: Float32Array<ArrayBuffer>, views: Views): Promise<number[]> {
  using graph = new Graph();
  const scope = graph.scope();
  const variables = new VariableStore(scope, 7);
  const fed = scope.placeholder('float32', [null, SIDE, SIDE, 3]);
  const logits = classify(networkByName('cifarnet'), { scope, variables }, fed, { outputs: OUTPUTS, views });
  using session = new Session(graph);
  await session.run({ targets: variables.variables.map(({ initializer }) => initializer) });
  using tensor = Tensor.of('float32', [BATCH, SIDE, SIDE, 3], images);
  const [found] = await session.run({ feeds: [[fed, tensor]], fetches: [logits] });
  using result = found!;
  expect(result.shape).toEqual([BATCH, OUTPUTS]);
  return [...result.values()].map(Number);
}

describe('classifying a picture and its mirror image', () => {
  it('gives the mean of the logits of both', async () => {
    const [one, other, both] = await Promise.all([
      logitsOf(pixels, 'one'),
      logitsOf(mirrored, 'one'),
      logitsOf(pixels, 'mirrored'),
    ]);
    expect(one.some((logit, n) => Math.abs(logit - (other[n] ?? 0)) > 1e-3)).toBe(true);
    both.forEach((logit, n) => expect(logit).toBeCloseTo(((one[n] ?? 0) + (other[n] ?? 0)) / 2, 4));
  });

  it('gives a picture and its mirror image the same answer', async () => {
    const [one, other] = await Promise.all([logitsOf(pixels, 'mirrored'), logitsOf(mirrored, 'mirrored')]);
    one.forEach((logit, n) => expect(logit).toBeCloseTo(other[n] ?? NaN, 4));
  });
});
