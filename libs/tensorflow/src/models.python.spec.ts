import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  freeze,
  Graph,
  listCheckpoint,
  loadSavedModel,
  readCheckpoint,
  Session,
  Tensor,
  writeSavedModel,
  type Output,
} from './index.js';
import { convolutionalNetwork, wordTable } from './network.fixture.js';
import { PYTHON, runPython } from './python.fixture.js';

const SIZE = 8;
const SHAPE = [2, SIZE, SIZE, 3];
const pixels = Float32Array.from({ length: 2 * SIZE * SIZE * 3 }, (_, i) => Math.sin(i));
/** The same in Python. */
const PIXELS = `tf.constant([math.sin(i) for i in range(${pixels.length})], tf.float32, ${JSON.stringify(SHAPE)})`;

const WRITE = `
import math
import numpy as np
import tensorflow as tf
tf.keras.utils.set_random_seed(3)
L = tf.keras.layers
keras = tf.keras.Sequential([
    L.Input((${SIZE}, ${SIZE}, 3)), L.Conv2D(4, 3, padding='same'), L.BatchNormalization(), L.ReLU(),
    L.DepthwiseConv2D(3, use_bias=False), L.BatchNormalization(), L.GlobalAveragePooling2D(), L.Dense(5, activation='softmax')])
for layer in keras.layers:
    if isinstance(layer, L.BatchNormalization):
        layer.moving_mean.assign(tf.random.normal(layer.moving_mean.shape, 0, .3))
        layer.moving_variance.assign(tf.random.uniform(layer.moving_variance.shape, .5, 2))
keras.export(os.path.join(directory, 'keras'), verbose=False)
pixels = ${PIXELS}
answer = keras(pixels, training=False)

tf.train.Checkpoint(model=keras, step=tf.Variable(7, dtype=tf.int64)).write(os.path.join(directory, 'object.ckpt'))
reader = tf.train.load_checkpoint(os.path.join(directory, 'object.ckpt'))
dtypes = reader.get_variable_to_dtype_map()
listed = {name: [dtypes[name].name, shape] for name, shape in reader.get_variable_to_shape_map().items()}
step = next(name for name in listed if name.startswith('step/'))

with tf.Graph().as_default() as graph:
    x = tf.compat.v1.placeholder(tf.float32, [None, 3], 'x')
    with tf.name_scope('layer'):
        y = tf.nn.relu(tf.matmul(x, tf.constant([[1., -2.], [.5, 4.], [-1., 1.]])) + [1., -1.], name='y')
    open(os.path.join(directory, 'graph.pb'), 'wb').write(graph.as_graph_def().SerializeToString())
    with tf.compat.v1.Session() as session:
        of_graph = session.run(y, {x: [[1., 2., 3.], [-1., .5, 2.]]})
print(json.dumps({'keras': answer.numpy().ravel().tolist(), 'graph': of_graph.ravel().tolist(), 'listed': listed,
                  'step': step}))
`;

const READ = `
import math
import tensorflow as tf
pixels = (${PIXELS}).numpy()
graph_def = tf.compat.v1.GraphDef()
graph_def.ParseFromString(open(os.path.join(directory, 'frozen.pb'), 'rb').read())
with tf.Graph().as_default() as graph:
    tf.import_graph_def(graph_def, name='')
    with tf.compat.v1.Session() as session:
        frozen = session.run('probabilities:0', {'x:0': pixels})
model = tf.saved_model.load(os.path.join(directory, 'words'))
found = {name: model.signatures[name](words=tf.constant(['bird', 'fish']))['label'].numpy().tolist()
         for name in ['label', 'twice']}
print(json.dumps({'frozen': frozen.ravel().tolist(), 'found': found}))
`;

interface Written {
  readonly keras: number[];
  readonly graph: number[];
  readonly listed: Record<string, [string, number[]]>;
  readonly step: string;
}

async function run(session: Session, [x, value]: [Output, Tensor], y: Output): Promise<number[]> {
  using answer = (await session.run({ feeds: [[x, value]], fetches: [y] }))[0]!;
  return Array.from(answer.values(), Number);
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5));
}

describe.skipIf(!PYTHON)('between Python and here (needs BLUEWATERS_PYTHON)', () => {
  let folder: string;
  let written: Written;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'models-'));
    if (PYTHON) written = (await runPython(WRITE, folder)) as Written;
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a model that Keras exports answers as in Python', async () => {
    using loaded = await loadSavedModel(join(folder, 'keras'));
    const { inputs, outputs } = loaded.signatures['serving_default']!;
    using value = Tensor.of('float32', SHAPE, pixels);
    const [x, y] = [Object.values(inputs)[0]!, Object.values(outputs)[0]!];
    expectClose(await run(loaded.session, [x, value], y), written.keras);
  });

  it('a GraphDef that Python makes answers as in Python', async () => {
    using graph = new Graph();
    graph.importGraphDef(readFileSync(join(folder, 'graph.pb')));
    using session = new Session(graph);
    using value = Tensor.of('float32', [2, 3], [1, 2, 3, -1, 0.5, 2]);
    expectClose(await run(session, [graph.output('x:0'), value], graph.output('layer/y:0')), written.graph);
  });

  it('a checkpoint of Python’s objects lists what Python lists, and is read by name', async () => {
    const prefix = join(folder, 'object.ckpt');
    const entries = await listCheckpoint(prefix);
    const listed = entries.map(({ name, dtype, shape }) => [name, [dtype, shape]]);
    expect(Object.fromEntries(listed)).toEqual(written.listed);
    const tensors = await readCheckpoint(
      prefix,
      entries.filter(({ name }) => name === written.step),
    );
    using step = tensors.get(written.step)!;
    expect(step.number()).toBe(7);
  });

  it(
    'Python answers by our frozen graph, and by our SavedModel with assets, as we do',
    { timeout: 120_000 },
    async () => {
      using graph = new Graph();
      const { x, probabilities, variables } = convolutionalNetwork(graph.scope(), SIZE);
      using session = new Session(graph);
      await session.run({ targets: variables.map(({ initializer }) => initializer) });
      const { graphDef } = await freeze(session, { inputs: { x }, outputs: { probabilities } });
      writeFileSync(join(folder, 'frozen.pb'), graphDef);
      using value = Tensor.of('float32', SHAPE, pixels);
      const expected = await run(session, [x, value], probabilities);
      await writeWords(join(folder, 'words'));
      const found = (await runPython(READ, folder)) as { frozen: number[]; found: unknown };
      expectClose(found.frozen, expected);
      expect(found.found).toEqual({ label: [2, -1], twice: [4, -2] });
    },
  );

  async function writeWords(directory: string): Promise<void> {
    const vocabulary = join(folder, 'vocabulary.txt');
    writeFileSync(vocabulary, 'cat\ndog\nbird\n');
    using graph = new Graph();
    const { signatures, ...rest } = wordTable(graph.scope(), vocabulary);
    using session = new Session(graph);
    await writeSavedModel(directory, { graph, session, signatures, variables: [], ...rest });
    rmSync(vocabulary);
  }
});
