import { Graph, group, Session, Tensor, type Output } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { networkByName, profileNetwork, TrainingTower, VariableStore } from './index.js';

const SCOPE = 'tower';

/** A network as it is trained, on pictures of its own size unless another is asked for. */
function inTraining(name: string, options: { readonly outputs: number; readonly imageSize?: number }) {
  const network = networkByName(name);
  const { outputs, imageSize = network.input.imageSize } = options;
  const graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 1);
  const training = new TrainingTower(1, root.constant(0n));
  const images = root.placeholder('float32', [BATCH, imageSize, imageSize, 3], { name: 'images' });
  network.build({ scope: root.child(SCOPE), variables, training }, images, outputs);
  return { graph, images, variables, heads: training.auxiliaryHeads, [Symbol.dispose]: () => graph[Symbol.dispose]() };
}

const BATCH = 4;

/** Parameters of each head. */
function headParameters(name: string): Record<string, number> {
  using made = inTraining(name, { outputs: 1000 });
  const counts: Record<string, number> = {};
  for (const { variable } of made.variables.parameters) {
    const [head = ''] = variable.name.split('/');
    if (!head.startsWith('auxiliary')) continue;
    counts[head] = (counts[head] ?? 0) + variable.shape.reduce((product, length) => product * length, 1);
  }
  return counts;
}

/** What the layer of a name gives. */
function outputOf({ graph }: { readonly graph: Graph }, layer: string): Output {
  const operations = graph.operations().filter(({ name }) => name.startsWith(`${SCOPE}/${layer}/`));
  return operations.at(-1)!.output();
}

describe('auxiliary heads', () => {
  it('of googlenet are two, and have the parameters of the paper', () => {
    // Section 5: 4 x 4 means of 512 and of 528 channels, a 1 x 1 convolution to 128, 1024 units, and 1000 logits.
    const head = (channels: number) => (channels + 1) * 128 + (4 * 4 * 128 + 1) * 1024 + (1024 + 1) * 1000;
    expect(headParameters('googlenet')).toEqual({ auxiliary4a: head(512), auxiliary4d: head(528) });
    // torchvision's 13,004,888 less its 6,624,904 without the heads, and less their scales.
    expect(head(512) + head(528)).toBe(13_004_888 - 6_624_904 - 2 * 128);
  });

  it('of inception-v3 are one, and it has the parameters of torchvision', () => {
    // torchvision's 27,161,264 less its 23,834,568 without the head, and less the head's two scales.
    expect(headParameters('inception-v3')).toEqual({ auxiliary: 27_161_264 - 23_834_568 - 128 - 768 });
  });

  it.each([
    ['googlenet', [0.3, 0.3]],
    ['inception-v3', [0.4]],
  ])('of %s give logits, whose losses count by %j', (name, weights) => {
    using made = inTraining(name, { outputs: 7 });
    expect(made.heads.map(({ weight }) => weight)).toEqual(weights);
    expect(made.heads.map(({ logits }) => logits.shape)).toEqual(weights.map(() => [BATCH, 7]));
  });

  it.each(['googlenet', 'inception-v3'])('of %s are there only while it is trained', (name) => {
    const layers = profileNetwork(networkByName(name)).layers.map((layer) => layer.name);
    expect(layers.filter((layer) => layer.startsWith('auxiliary'))).toEqual([]);
  });

  it('of googlenet drop 70 % of their 1024 units', async () => {
    using made = inTraining('googlenet', { outputs: 2, imageSize: 32 });
    const root = made.graph.scope();
    const starts = made.variables.variables.map(({ initializer }) => initializer);
    const initialize = group(root, starts);
    using session = new Session(made.graph, { intraOpThreads: 1, interOpThreads: 1 });
    await session.run({ targets: [initialize] });
    const noise = Array.from({ length: BATCH * 32 * 32 * 3 }, (_, index) => Math.sin(index * index));
    using images = Tensor.of('float32', [BATCH, 32, 32, 3], noise);
    for (const head of ['auxiliary4a', 'auxiliary4d']) {
      const fetches = [outputOf(made, `${head}/fc`), outputOf(made, `${head}/dropout`)];
      const [units, kept] = (await session.run({ feeds: [[made.images, images]], fetches })).map((fetched) => {
        using values: Tensor = fetched;
        return [...values.values('float32')];
      }) as [number[], number[]];
      const active = units.flatMap((unit, index) => (unit > 0 ? [kept[index]! / unit] : []));
      const factors = [...new Set(active.map((factor) => factor.toFixed(3)))].sort();
      expect(factors).toEqual(['0.000', '3.333']);
      expect(active.filter((factor) => factor === 0).length / active.length).toBeCloseTo(0.7, 1);
    }
  });
});
