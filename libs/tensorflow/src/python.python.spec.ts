import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  biasAdd,
  conv2d,
  EventWriter,
  Graph,
  initializers,
  loadSavedModel,
  matMul,
  reshape,
  saver,
  Session,
  softmax,
  Tensor,
  variable,
  writeCheckpointState,
  writeSavedModel,
  type Scope,
} from './index.js';
import { onePixelPng, PYTHON, runPython as runPythonIn } from './python.fixture.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'python-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const runPython = (program: string): Promise<unknown> => runPythonIn(program, folder);

function network(scope: Scope) {
  const x = scope.placeholder('float32', [null, 4, 4, 1], { name: 'x' });
  const random = initializers.heNormal({ seed: 9 });
  const filter = variable(scope.child('conv1'), 'weights', {
    dtype: 'float32',
    shape: [3, 3, 1, 2],
    initializer: random,
  });
  const bias = variable(scope.child('conv1_1'), 'biases', {
    dtype: 'float32',
    shape: [2],
    initializer: initializers.constant(0.1),
  });
  const dense = variable(scope.child('fc'), 'weights', { dtype: 'float32', shape: [32, 3], initializer: random });
  const step = variable(scope, 'global_step', {
    dtype: 'int64',
    shape: [],
    initializer: initializers.constant(7),
    trainable: false,
  });
  const flat = reshape(scope, biasAdd(scope, conv2d(scope, x, filter.value), bias.value), [-1, 32]);
  return { x, probabilities: softmax(scope, matMul(scope, flat, dense.value)), variables: [filter, bias, dense, step] };
}

const pixels = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));

async function predict(
  session: Session,
  { x, probabilities }: Pick<ReturnType<typeof network>, 'x' | 'probabilities'>,
) {
  using fed = Tensor.of('float32', [2, 4, 4, 1], pixels);
  using answer = (await session.run({ feeds: [[x, fed]], fetches: [probabilities] }))[0]!;
  return [...answer.values('float32')];
}

const describePython = describe.skipIf(!PYTHON);

describePython("what Python's TensorFlow reads (needs BLUEWATERS_PYTHON)", () => {
  it('are the variables of a checkpoint, under their names', { timeout: 120_000 }, async () => {
    using graph = new Graph();
    const { variables } = network(graph.scope());
    using session = new Session(graph);
    await session.run({ targets: variables.map(({ initializer }) => initializer) });
    await saver(graph.scope(), variables).save(session, join(folder, 'model.ckpt-7'));
    await writeCheckpointState(folder, { latest: 'model.ckpt-7', all: ['model.ckpt-7'] });
    const read = await runPython(`
import tensorflow as tf
latest = tf.train.latest_checkpoint(directory)
reader = tf.train.load_checkpoint(latest)
print(json.dumps({name: [list(shape), reader.get_tensor(name).astype('float64').ravel().tolist()]
                  for name, shape in reader.get_variable_to_shape_map().items()}))`);
    const expected: Record<string, unknown> = {};
    for (const { name, shape, value } of variables) {
      using tensor = (await session.run({ fetches: [value] }))[0]!;
      expected[name] = [shape, Array.from(tensor.values(), Number)];
    }
    expect(read).toEqual(expected);
  });

  it('is a SavedModel, which answers as the session does', { timeout: 120_000 }, async () => {
    using graph = new Graph();
    const built = network(graph.scope());
    using session = new Session(graph);
    await session.run({ targets: built.variables.map(({ initializer }) => initializer) });
    const signature = { inputs: { x: built.x }, outputs: { probabilities: built.probabilities } };
    const options = { graph, session, signatures: { serving_default: signature }, variables: built.variables };
    await writeSavedModel(join(folder, '1'), options);
    const read = (await runPython(`
import math
import tensorflow as tf
model = tf.saved_model.load(os.path.join(directory, '1'))
x = tf.constant([math.sin(i) for i in range(32)], tf.float32, [2, 4, 4, 1])
answer = model.signatures['serving_default'](x=x)['probabilities']
print(json.dumps({'answer': answer.numpy().ravel().tolist(),
                  'variables': sorted(v.name for v in model.variables),
                  'trainable': sorted(v.name for v in model.variables if v.trainable)}))`)) as Record<string, unknown>;
    const expected = await predict(session, built);
    expect((read['answer'] as number[]).map((p, i) => Math.abs(p - expected[i]!) < 1e-6)).not.toContain(false);
    const names = built.variables.map(({ name }) => `${name}:0`).sort();
    expect(read['variables']).toEqual(names);
    expect(read['trainable']).toEqual(names.filter((name) => name !== 'global_step:0'));
  });

  it('are event files, with all their summaries and the graph', { timeout: 120_000 }, async () => {
    using graph = new Graph();
    network(graph.scope());
    const writer = new EventWriter(folder);
    writer.graph(graph.toGraphDef());
    [0.5, 0.25, 0.125].forEach((loss, i) => writer.scalar('train/loss', 10 * i, loss));
    writer.text('notes', 1, '**bold**');
    writer.histogram('weights', 2, [1, 2, 2, 3]);
    writer.image('picture', 3, { png: onePixelPng(), width: 1, height: 1 });
    await writer.close();
    const read = await runPython(`
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
accumulator = EventAccumulator(directory, size_guidance={'tensors': 0}).Reload()
def values(tag): return [[e.step, tensor_util.make_ndarray(e.tensor_proto)] for e in accumulator.Tensors(tag)]
metadata = {tag: accumulator.SummaryMetadata(tag).plugin_data.plugin_name for tag in accumulator.Tags()['tensors']}
print(json.dumps({'plugins': metadata,
                  'loss': [[step, float(value)] for step, value in values('train/loss')],
                  'text': values('notes')[0][1][0].decode(),
                  'counted': float(values('weights')[0][1][:, 2].sum()),
                  'image': [v.decode('latin1') for v in values('picture')[0][1][:2]],
                  'operations': len(accumulator.Graph().node)}))`);
    expect(read).toEqual({
      plugins: { 'train/loss': 'scalars', notes: 'text', weights: 'histograms', picture: 'images' },
      loss: [
        [0, 0.5],
        [10, 0.25],
        [20, 0.125],
      ],
      text: '**bold**',
      counted: 4,
      image: ['1', '1'],
      operations: graph.operations().length,
    });
  });
});

describePython("what Python's TensorFlow writes (needs BLUEWATERS_PYTHON)", () => {
  it('is a checkpoint that a saver restores', { timeout: 120_000 }, async () => {
    await runPython(`
import tensorflow as tf
tf.compat.v1.disable_eager_execution()
with tf.compat.v1.Session() as session:
    v = tf.compat.v1.get_variable('scope/v', initializer=[1.5, -2.5], use_resource=True)
    session.run(v.initializer)
    tf.compat.v1.train.Saver().save(session, os.path.join(directory, 'theirs'))
print('{}')`);
    using graph = new Graph();
    const v = variable(graph.scope().child('scope'), 'v', {
      dtype: 'float32',
      shape: [2],
      initializer: initializers.zeros(),
    });
    using session = new Session(graph);
    await saver(graph.scope(), [v]).restore(session, join(folder, 'theirs'));
    using value = (await session.run({ fetches: [v.value] }))[0]!;
    expect(value.values()).toEqual(Float32Array.of(1.5, -2.5));
  });

  it('is a SavedModel of an object, which loads and answers', { timeout: 120_000 }, async () => {
    await runPython(`
import tensorflow as tf
class Doubler(tf.Module):
    def __init__(self): self.factor = tf.Variable(2.0)
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x): return {'y': self.factor * x}
model = Doubler()
tf.saved_model.save(model, os.path.join(directory, 'doubler'), signatures=model.__call__)
print('{}')`);
    using loaded = await loadSavedModel(join(folder, 'doubler'));
    const { inputs, outputs } = loaded.signatures['serving_default']!;
    using x = Tensor.of('float32', [3], [1, 2, 3]);
    using y = (await loaded.session.run({ feeds: [[inputs['x']!, x]], fetches: [outputs['y']!] }))[0]!;
    expect(y.values()).toEqual(Float32Array.of(2, 4, 6));
  });
});
