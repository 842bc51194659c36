import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { GraphDefSchema } from './generated/tensorflow/core/framework/graph_pb.js';
import {
  add,
  biasAdd,
  conv2d,
  decodeImage,
  freeze,
  fusedBatchNorm,
  Graph,
  initializers,
  liveHandles,
  matMul,
  maxPool,
  mul,
  relu,
  reshape,
  Session,
  softmax,
  Tensor,
  variable,
  type FreezeOptions,
  type FrozenModel,
  type Output,
  type Scope,
} from './index.js';

/** A network with normalised convolutions of both kinds, behind a decoder. */
function network(scope: Scope) {
  const jpeg = scope.placeholder('string', [], { name: 'jpeg' });
  const decoded = reshape(scope, decodeImage(scope, jpeg, { channels: 3 }), [-1, 8, 8, 3]);
  const pixels = scope.op('Cast', { name: 'pixels', inputs: [decoded], attributes: { DstT: 'float32' } }).output();
  const random = (seed: number) => initializers.truncatedNormal({ stddev: 0.5, seed });
  const variables = [] as ReturnType<typeof variable>[];
  const weights = (name: string, shape: number[], initializer = random(variables.length + 1)) => {
    const made = variable(scope, name, { dtype: 'float32', shape, initializer });
    variables.push(made);
    return made.value;
  };
  const normalise = (x: Output, name: string, channels: number) =>
    fusedBatchNorm(
      scope.child(name),
      x,
      {
        scale: weights(`${name}/scale`, [channels]),
        offset: weights(`${name}/offset`, [channels]),
        mean: weights(`${name}/mean`, [channels]),
        variance: weights(`${name}/variance`, [channels], initializers.constant(0.3)),
      },
      { training: false },
    ).y;
  const first = normalise(conv2d(scope, pixels, weights('conv/weights', [3, 3, 3, 4])), 'norm1', 4);
  const depthwise = scope
    .op('DepthwiseConv2dNative', {
      inputs: [relu(scope, first), weights('depthwise/weights', [3, 3, 4, 2])],
      attributes: { strides: [1, 1, 1, 1], padding: 'SAME' },
    })
    .output();
  const second = normalise(depthwise, 'norm2', 8);
  const pooled = maxPool(scope, second, [2, 2]);
  const sum = add(scope, mul(scope, scope.constant([1, 2, 3]), 2), scope.constant([1, 1, 1]));
  const logits = biasAdd(scope, matMul(scope, reshape(scope, pooled, [-1, 128]), weights('fc/weights', [128, 3])), sum);
  const probabilities = softmax(scope, logits, { name: 'probabilities' });
  return { jpeg, pixels, probabilities, variables };
}

const picture = Float32Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => Math.sin(i));

async function answer(session: Session, pixels: Output, probabilities: Output): Promise<Float32Array> {
  using fed = Tensor.of('float32', [2, 8, 8, 3], picture);
  using value = (await session.run({ feeds: [[pixels, fed]], fetches: [probabilities] }))[0]!;
  return value.values('float32');
}

async function answerOf({ graphDef, inputs, outputs }: FrozenModel): Promise<Float32Array> {
  using graph = new Graph();
  graph.importGraphDef(graphDef);
  using session = new Session(graph);
  return await answer(session, graph.output(inputs['x']!.name), graph.output(outputs['probabilities']!.name));
}

async function frozen(options?: FreezeOptions) {
  using graph = new Graph();
  const { pixels, probabilities, variables } = network(graph.scope());
  using session = new Session(graph);
  await session.run({ targets: variables.map(({ initializer }) => initializer) });
  const expected = await answer(session, pixels, probabilities);
  const model = await freeze(session, { inputs: { x: pixels }, outputs: { probabilities } }, options);
  return { model, expected, types: typesOf(model) };
}

const typesOf = ({ graphDef }: FrozenModel) =>
  fromBinary(GraphDefSchema, graphDef)
    .node.map(({ op }) => op)
    .sort();

const differences = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('freeze', () => {
  it('gives the same numbers, within rounding, without variables, cut off where the inputs are', async () => {
    const before = liveHandles();
    const { model, expected, types } = await frozen({ foldBatchNorms: false });
    // Of constants TensorFlow itself puts more together than of variables.
    expect(differences(await answerOf(model), expected)).toBeLessThan(1e-6);
    expect(types.filter((type) => /Var|Decode|Assign/.test(type))).toEqual([]);
    expect(model.inputs['x']).toEqual({ name: 'pixels/fed_0:0', dtype: 'float32', shape: [null, 8, 8, 3] });
    expect(model.outputs['probabilities']!.name).toBe('probabilities:0');
    expect(liveHandles()).toEqual(before);
  });

  it('puts batch normalisation into the convolutions before it, within rounding', async () => {
    const { model, expected, types } = await frozen();
    expect(differences(await answerOf(model), expected)).toBeLessThan(1e-5);
    expect(types.filter((type) => type.startsWith('FusedBatchNorm'))).toEqual([]);
    expect(types.filter((type) => type === 'BiasAdd')).toHaveLength(3);
  });

  it('computes beforehand what depends on no input, and only then', async () => {
    const folded = await frozen({ foldBatchNorms: false });
    const unfolded = await frozen({ foldBatchNorms: false, foldConstants: false });
    expect(unfolded.types).toContain('Mul');
    expect(folded.types.filter((type) => ['Mul', 'AddV2', 'Identity'].includes(type))).toEqual([]);
    expect(await answerOf(folded.model)).toEqual(await answerOf(unfolded.model));
  });

  it('leaves a constant that would be much larger than what it comes from to the graph', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', []);
    const wide = scope
      .op('Fill', { inputs: [scope.constant([1 << 20], { dtype: 'int32' }), scope.constant(1)] })
      .output();
    using session = new Session(graph);
    const model = await freeze(session, { inputs: { x }, outputs: { y: mul(scope, wide, x) } });
    expect(typesOf(model)).toContain('Fill');
    expect(model.graphDef.length).toBeLessThan(10_000);
  });

  it('keeps a normalisation whose convolution is used elsewhere too', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const x = scope.placeholder('float32', [null, 4, 4, 1], { name: 'x' });
    const convolved = conv2d(scope, x, scope.constant([[[[1, 2]]]]));
    const [scale, offset, mean, variance] = [2, 1, 0.5, 4].map((value) => scope.constant(value, { shape: [2] })) as [
      Output,
      Output,
      Output,
      Output,
    ];
    const { y } = fusedBatchNorm(scope, convolved, { scale, offset, mean, variance }, { training: false });
    using session = new Session(graph);
    const model = await freeze(session, { inputs: { x }, outputs: { y: add(scope, y, convolved) } });
    expect(typesOf(model)).toContain('FusedBatchNormV3');
  });

  it('names an operation that needs a variable itself', async () => {
    using graph = new Graph();
    const scope = graph.scope();
    const v = variable(scope, 'v', { dtype: 'float32', shape: [4], initializer: initializers.ones() });
    const x = scope.placeholder('int32', [], { name: 'x' });
    const y = scope
      .op('ResourceGather', { name: 'gather', inputs: [v.handle, x], attributes: { dtype: 'float32' } })
      .output();
    using session = new Session(graph);
    await session.run({ targets: [v.initializer] });
    await expect(freeze(session, { inputs: { x }, outputs: { y } })).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      details: { field: 'gather', got: 'ResourceGather' },
    });
  });
});
