import { Graph, group, pad, Session, type Output, type Scope } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { convolution, pooling, VariableStore, type BuildContext } from './index.js';

/** Values of what `build` adds for a picture, float32 [1, side, side, channels], of the numbers 0, 1, 2, … */
async function run(
  [side, channels]: readonly [number, number],
  build: (context: BuildContext, x: Output, root: Scope) => readonly Output[],
): Promise<number[][]> {
  using graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 1);
  const numbers = Float32Array.from({ length: side * side * channels }, (_, i) => i);
  const fetches = build({ scope: root, variables }, root.constant(numbers, { shape: [1, side, side, channels] }), root);
  const starts = variables.variables.map(({ initializer }) => initializer);
  using session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  await session.run({ targets: [group(root, starts)] });
  const values = await session.run({ fetches });
  return values.map((value) => {
    using owned = value;
    return [...owned.values('float32')];
  });
}

describe('fixed padding', () => {
  it('lets the first window of a stride begin half a window before the picture', async () => {
    const [fixed, same] = await run([4, 1], (context, x) => {
      const window = { name: 'pool', size: 3, stride: 2 };
      return [pooling(context, x, { ...window, padding: 'FIXED' }), pooling(context, x, window)];
    });
    expect(fixed).toEqual([5, 7, 13, 15]);
    expect(same).toEqual([10, 11, 14, 15]);
  });

  it('of a convolution is that of a picture with zeros around it', async () => {
    const [fixed, bordered] = await run([8, 2], (context, x, root) => {
      const options = { name: 'conv', filters: 3, size: 7, stride: 2 };
      const wider = pad(root, x, [
        [0, 0],
        [3, 3],
        [3, 3],
        [0, 0],
      ]);
      return [
        convolution(context, x, { ...options, padding: 'FIXED' }),
        convolution(context, wider, { ...options, padding: 'VALID' }),
      ];
    });
    expect(fixed).toHaveLength(4 * 4 * 3);
    expect(fixed).toEqual(bordered);
  });
});

describe('a convolution in groups', () => {
  it('shows each half of the filters its half of the channels only', async () => {
    const [whole, changed] = await run([3, 4], (context, x, root) => {
      const options = { name: 'conv', filters: 6, size: 1, groups: 2, activation: 'none' } as const;
      const others = root.constant([0, 0, 9, 9], { shape: [1, 1, 1, 4] });
      const y = root.op('AddV2', { inputs: [x, others] }).output();
      return [convolution(context, x, options), convolution(context, y, options)];
    });
    const firstHalf = (values: number[] | undefined) => values?.filter((_, index) => index % 6 < 3);
    expect(firstHalf(changed)).toEqual(firstHalf(whole));
    expect(changed).not.toEqual(whole);
  });
});
