import { describe, expect, it } from 'vitest';
import { dataset, Graph, raw, Session, type Dataset, type Output, type Scope } from './index.js';

/** The elements of a dataset, each only after a pause. */
function sleeping(scope: Scope, input: Dataset, seconds: number): Dataset {
  const attributes = { output_types: ['int64'] as const, output_shapes: [[]] };
  const pause = scope.constant(BigInt(Math.round(1e6 * seconds)));
  return {
    ...input,
    variant: raw.sleepDataset(scope, { input_dataset: input.variant, sleep_microseconds: pause }, attributes),
  };
}

async function fetchNumbers(session: Session, fetches: readonly Output[]): Promise<number[]> {
  const tensors = await session.run({ fetches });
  return tensors.map((tensor) => {
    using owned = tensor;
    return owned.number();
  });
}

describe('a timed iterator', () => {
  it('tells of a wait as long as the dataset lets it wait, and of a shorter one when the element is there', async () => {
    const PAUSE = 0.03;
    const ELEMENTS = 4;
    using graph = new Graph();
    const scope = graph.scope();
    const slow = sleeping(scope, dataset.range(scope, 0, ELEMENTS), PAUSE);
    const direct = dataset.timedIterator(scope, slow);
    const ahead = dataset.timedIterator(scope, dataset.prefetch(scope, slow, ELEMENTS));
    using session = new Session(graph);
    await session.run({ targets: [direct.initializer, ahead.initializer] });
    await new Promise((resolve) => setTimeout(resolve, 1000 * 3 * ELEMENTS * PAUSE));
    const waited: number[] = [];
    const prepared: number[] = [];
    for (let number = 0; number < ELEMENTS; number += 1) {
      const [wait = NaN, element] = await fetchNumbers(session, [direct.wait, ...direct.next]);
      const [shorter = NaN, same] = await fetchNumbers(session, [ahead.wait, ...ahead.next]);
      expect([element, same]).toEqual([number, number]);
      waited.push(wait);
      prepared.push(shorter);
    }
    expect(Math.min(...waited)).toBeGreaterThan(0.9 * PAUSE);
    expect(Math.min(...prepared)).toBeLessThan(Math.min(...waited)); // a busy machine may hold up one of them
  });
});
