import { describe, expect, it } from 'vitest';
import {
  assign,
  assignMovingAverage,
  Graph,
  initializers,
  movingAverages,
  Session,
  Tensor,
  variable,
  type Output,
  type Scope,
} from './index.js';

const vector = (scope: Scope, name: string, value: number) =>
  variable(scope, name, { dtype: 'float32', shape: [2], initializer: initializers.constant(value) });

async function read(session: Session, output: Output): Promise<number[]> {
  using value = (await session.run({ fetches: [output] }))[0]!;
  return Array.from(value.values(), Number);
}

describe('assignMovingAverage', () => {
  it('keeps the part of the old average that the decay says', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const average = vector(scope, 'moving_mean', 8);
    const byNumber = assignMovingAverage(scope, average, { value: scope.constant([0, 4]), decay: 0.75 });
    const byOutput = assignMovingAverage(scope, average, { value: scope.constant([0, 4]), decay: scope.constant(0.5) });
    using session = new Session(graph);
    await session.run({ targets: [average.initializer] });
    await session.run({ targets: [byNumber] });
    expect(await read(session, average.value)).toEqual([6, 7]);
    await session.run({ targets: [byOutput] });
    expect(await read(session, average.value)).toEqual([3, 5.5]);
  });
});

describe('movingAverages', () => {
  /** A weight that each step raises by one, and its average. */
  function climbing(scope: Scope, options: { readonly updates?: Output }) {
    const weight = vector(scope.child('layer'), 'weights', 1);
    const raise = scope.op('AssignAddVariableOp', { inputs: [weight.handle, scope.constant([1, 1])] });
    const { update, averages } = movingAverages(scope.after(raise), [weight], {
      decay: 0.9,
      ...options,
    });
    return { weight, average: averages[0]!, update };
  }

  it('start at the first values, follow what the step made, and bear the names that Python gives', async () => {
    using graph = new Graph();
    const { weight, average, update } = climbing(graph.scope(), {});
    expect(average.name).toBe('layer/weights/ExponentialMovingAverage');
    expect(average.trainable).toBe(false);
    using session = new Session(graph);
    await session.run({ targets: [weight.initializer, average.initializer] });
    let expected = 1;
    for (let weightNow = 2; weightNow < 6; weightNow += 1) {
      await session.run({ targets: [update] });
      expected -= (expected - weightNow) * 0.1;
      expect((await read(session, average.value))[0]).toBeCloseTo(expected, 6);
    }
  });

  it('move faster while there were few updates', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const updates = scope.placeholder('int64', []);
    const { weight, average, update } = climbing(scope, { updates });
    using session = new Session(graph);
    let expected = 1;
    await session.run({ targets: [weight.initializer, average.initializer] });
    for (const [step, count] of [0, 1, 1000].entries()) {
      using fed = Tensor.scalar('int64', BigInt(count));
      await session.run({ feeds: [[updates, fed]], targets: [update] });
      const decay = Math.min(0.9, (1 + count) / (10 + count));
      expected = decay * expected + (1 - decay) * (step + 2);
      expect((await read(session, average.value))[0]).toBeCloseTo(expected, 6);
    }
  });

  it('stay as they are when the variable is given another value outside of a step', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const { weight, average } = climbing(scope, {});
    using session = new Session(graph);
    await session.run({ targets: [weight.initializer, average.initializer] });
    await session.run({ targets: [assign(scope, weight, scope.constant([9, 9]))] });
    expect(await read(session, average.value)).toEqual([1, 1]);
  });
});
