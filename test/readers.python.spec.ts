import { cp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { decodeImageExample, parseManifest, readRecords } from '@bluewaters/records';
import { answers, temporaryDirectory, until } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli } from './support/cli.js';
import { archiveFlags, SYNSETS, writeArchive } from './support/pictures.js';
import { PYTHON, runPython, runPythonModule } from './support/python.js';

/** What both starts of the run share; other options would make it another run. */
const RECIPE = ['--batch', '24', '--learning-rate', '0.005', '--checkpoint-every-steps', '3'];
const EPOCHS = 2;

/** Every feature of Google's ImageNet builder; a reader written for its shards asks for these. */
const READ_SHARDS = `
import tensorflow as tf
one, many = tf.io.FixedLenFeature, tf.io.VarLenFeature
features = {
    'image/height': one([], tf.int64), 'image/width': one([], tf.int64),
    'image/colorspace': one([], tf.string), 'image/channels': one([], tf.int64),
    'image/class/label': one([], tf.int64), 'image/class/synset': one([], tf.string),
    'image/class/text': one([], tf.string), 'image/format': one([], tf.string),
    'image/filename': one([], tf.string), 'image/encoded': one([], tf.string),
    'image/object/bbox/xmin': many(tf.float32), 'image/object/bbox/xmax': many(tf.float32),
    'image/object/bbox/ymin': many(tf.float32), 'image/object/bbox/ymax': many(tf.float32),
    'image/object/bbox/label': many(tf.int64)}
found = []
for record in tf.data.TFRecordDataset(sys.argv[1:]):
    example = tf.io.parse_single_example(record, features)
    text = lambda key: example['image/' + key].numpy().decode()
    number = lambda key: int(example['image/' + key])
    decoded = tf.io.decode_jpeg(example['image/encoded'], channels=number('channels'))
    found.append({
        'filename': text('filename'), 'label': number('class/label'), 'synset': text('class/synset'),
        'text': text('class/text'), 'width': number('width'), 'height': number('height'),
        'decoded': decoded.shape.as_list(), 'kind': [text('format'), text('colorspace')],
        'boxes': len(example['image/object/bbox/xmin'].values)})
print(json.dumps(found))
`;

const READ_CHECKPOINT = `
import tensorflow as tf
directory = sys.argv[1]
reader = tf.train.load_checkpoint(directory)
print(json.dumps({
    'latest': tf.train.latest_checkpoint(directory),
    'all': tf.train.get_checkpoint_state(directory).all_model_checkpoint_paths[:],
    'step': int(reader.get_tensor('global_step')),
    'finite': all(bool(tf.reduce_all(tf.math.is_finite(reader.get_tensor(name))))
                  for name in reader.get_variable_to_shape_map() if name != 'global_step'),
    'shapes': reader.get_variable_to_shape_map()}))
`;

/** Classifies the pictures of a shard by a SavedModel, and hands the pictures out. */
const CLASSIFY = `
import base64
import tensorflow as tf
model, *shards = sys.argv[1:]
feature = {'image/encoded': tf.io.FixedLenFeature([], tf.string)}
jpegs = [tf.io.parse_single_example(record, feature)['image/encoded'].numpy()
         for record in tf.data.TFRecordDataset(shards)]
signature = tf.saved_model.load(model).signatures['serving_default']
answer = signature(image_bytes=tf.constant(jpegs))
print(json.dumps({
    'inputs': {name: [spec.dtype.name, spec.shape.as_list()]
               for name, spec in signature.structured_input_signature[1].items()},
    'outputs': sorted(signature.structured_outputs),
    'probabilities': answer['probabilities'].numpy().astype('float64').tolist(),
    'jpegs': [base64.b64encode(jpeg).decode() for jpeg in jpegs]}))
`;

const READ_EVENTS = `
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
found = {}
for curve in ('train', 'validation'):
    events = EventAccumulator(os.path.join(sys.argv[1], curve), size_guidance={'tensors': 0}).Reload()
    tags = events.Tags()
    found[curve] = {
        'operations': [node.name for node in events.Graph().node] if tags['graph'] else [],
        'plugins': sorted({events.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags['tensors']}),
        'scalars': {tag: [[event.step, float(tensor_util.make_ndarray(event.tensor_proto))]
                          for event in events.Tensors(tag)] for tag in tags['tensors']
                    if events.SummaryMetadata(tag).plugin_data.plugin_name == 'scalars'}}
print(json.dumps(found))
`;

interface Curve {
  readonly operations: string[];
  readonly plugins: string[];
  /** By tag: step and value, in the order of the files. */
  readonly scalars: Record<string, [number, number][]>;
}

interface RunJson {
  readonly request: { readonly run: string; readonly dataset: string };
  readonly step: number;
  readonly evaluation: { readonly top1: number; readonly top5: number; readonly loss: number };
}

const steps = (points: readonly [number, number][] | undefined): number[] => (points ?? []).map(([step]) => step);
const readRun = async (checkpointDir: string): Promise<RunJson> =>
  JSON.parse(await readFile(join(checkpointDir, 'run.json'), 'utf8')) as RunJson;

describe.skipIf(!PYTHON)('what a run leaves behind, read by Python', { timeout: 120_000 }, () => {
  let store: string;
  let paths: Record<'dataset' | 'checkpointDir' | 'model', string>;
  let run: RunJson;
  let shards: Record<'train' | 'validation', string[]>;

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    store = join(directory, 'run');
    const archive = archiveFlags(await writeArchive(join(directory, 'pictures')));
    const line = ['run', ...archive, ...RECIPE, '--epochs', `${EPOCHS}`, '--train-shards', '3', '--store', store];
    const ended = await runCli([...line, '--json']);
    expect(ended.stderr).toContain('is ready on http');
    ({ paths } = ended.json<{ paths: typeof paths }>());
    run = await readRun(paths.checkpointDir);
    const { splits } = parseManifest(await readFile(join(paths.dataset, 'manifest.json')), { file: 'manifest.json' });
    const inStore = ({ key }: { key: string }): string => join(store, key);
    shards = { train: splits.train.map(inStore), validation: splits.validation.map(inStore) };
  }, 120_000);

  it('is every record of the shards, in our own order, under the keys of Google’s builder', async () => {
    const files = [...shards.train, ...shards.validation];
    const { value: found } = await runPython<Record<string, unknown>[]>(READ_SHARDS, files);
    const contents = await Promise.all(files.map((file) => readFile(file)));
    const ours = contents.flatMap((bytes) =>
      [...readRecords(bytes, { file: 'shard' })].map(({ payload }) => decodeImageExample(payload)),
    );
    expect(found).toEqual(
      ours.map(({ encoded: _, boxes, ...example }) => ({
        ...example,
        decoded: [example.height, example.width, 3],
        kind: ['JPEG', 'RGB'],
        boxes: boxes.length,
      })),
    );
    expect(found).toHaveLength(3 * 40);
    expect(new Set(found.map(({ label, synset }) => `${String(label)} ${String(synset)}`))).toEqual(
      new Set(SYNSETS.map((synset, index) => `${index + 1} ${synset}`)),
    );
  });

  it('is the newest checkpoint, with parameters, momentum and step under their names', async () => {
    const { value } = await runPython<Record<string, unknown>>(READ_CHECKPOINT, [paths.checkpointDir]);
    const weights = {
      conv1: [5, 5, 1, 16],
      conv2: [5, 5, 16, 32],
      fc1: [7 * 7 * 32, 128],
      logits: [128, 1 + SYNSETS.length],
    };
    const parameters = Object.entries(weights).flatMap(([layer, shape]) => [
      [`${layer}/weights`, shape],
      [`${layer}/biases`, shape.slice(-1)],
    ]);
    const latest = join(paths.checkpointDir, `model.ckpt-${run.step}`);
    expect(value).toMatchObject({ latest, step: run.step, finite: true });
    expect((value['all'] as string[]).at(-1)).toBe(latest);
    expect(value['shapes']).toEqual({
      global_step: [],
      ...Object.fromEntries(parameters),
      ...Object.fromEntries(parameters.map(([name, shape]) => [`${name}/Momentum`, shape])),
    });
  });

  it('is a SavedModel that answers for unseen pictures as our HTTP service does', async () => {
    const { value } = await runPython<{
      inputs: unknown;
      outputs: string[];
      probabilities: number[][];
      jpegs: string[];
    }>(CLASSIFY, [paths.model, ...shards.validation]);
    expect(value.inputs).toEqual({ image_bytes: ['string', [null]] });
    expect(value.outputs).toContain('probabilities');
    const served = await askService(value.jpegs);
    expect(value.probabilities).toHaveLength(12);
    expect(new Set(value.probabilities.map(String)).size).toBeGreaterThan(SYNSETS.length);
    for (const [picture, row] of value.probabilities.entries()) {
      expect(row).toHaveLength(1 + SYNSETS.length);
      for (const [label, probability] of row.entries()) {
        expect(Math.abs(probability - (served[picture]?.[label] ?? Infinity))).toBeLessThan(1e-5);
      }
    }
  });

  /** Probabilities of each picture, as `bluewaters serve` gives them. */
  async function askService(jpegs: readonly string[]): Promise<number[][]> {
    const serving = startCli(['serve', '--port', '0', '--store', store]);
    try {
      const [address] = /http:\/\/[\d.:]+/u.exec(await serving.line(/^serving/u)) ?? [];
      await until('the model to be loaded', () => answers(`${address}/v2/health/ready`));
      const body = JSON.stringify({ instances: jpegs.map((b64) => ({ b64 })) });
      const headers = { 'content-type': 'application/json' };
      const url = `${address}/v1/models/${run.request.dataset}:predict`;
      const response = await fetch(url, { method: 'POST', headers, body });
      const { predictions } = (await response.json()) as { predictions: { probabilities: number[] }[] };
      return predictions.map(({ probabilities }) => probabilities);
    } finally {
      serving.process.kill('SIGTERM');
      await serving.ended;
    }
  }

  it('are the curves and the graph that TensorBoard shows', async () => {
    const { value } = await runPython<Record<'train' | 'validation', Curve>>(READ_EVENTS, [paths.checkpointDir]);
    const { train, validation } = value;
    expect(train.plugins).toEqual(['histograms', 'images', 'scalars']);
    expect(validation.plugins).toEqual(['hparams', 'images', 'scalars']);
    const parts = ['checkpoint', 'compute', 'input', 'reduce'].map((part) => `seconds/${part}`);
    expect(Object.keys(train.scalars).sort()).toEqual(['images_per_second', 'learning_rate', 'loss', ...parts]);
    const found = ['accuracy/best', 'accuracy/top1', 'accuracy/top5', 'epochs_since_best', 'loss'];
    expect(Object.keys(validation.scalars).sort()).toEqual(found);
    expect(train.operations.filter((name) => name.startsWith('conv1/'))).not.toEqual([]);
    expect(steps(train.scalars['loss']).at(-1)).toBe(run.step);
    const { top1, top5, loss } = run.evaluation;
    for (const [tag, last] of Object.entries({ 'accuracy/top1': top1, 'accuracy/top5': top5, loss })) {
      expect(validation.scalars[tag]).toHaveLength(EPOCHS);
      expect(validation.scalars[tag]?.at(-1)?.[0]).toBe(run.step);
      expect(validation.scalars[tag]?.at(-1)?.[1]).toBeCloseTo(last, 5);
    }
  });

  it('is a checkpoint_dir that `tensorboard --inspect` reads without a warning', async () => {
    const inspected = await runPythonModule('tensorboard.main', '--inspect', '--logdir', paths.checkpointDir);
    expect(inspected.stdout).toContain(join(paths.checkpointDir, 'train'));
    expect(inspected.stdout).toContain(join(paths.checkpointDir, 'validation'));
    expect(inspected.stdout).not.toMatch(/outoforder_steps +\[[^\]]/u);
    expect(inspected.stdout + inspected.stderr).not.toMatch(/warn|error|corrupt/iu);
  });

  it('is a checkpoint_dir of which a copy is enough to go on elsewhere, and for TensorBoard', async () => {
    const elsewhere = join(await temporaryDirectory(), 'elsewhere');
    const copy = join(elsewhere, 'runs', basename(dirname(paths.checkpointDir)), 'checkpoint_dir');
    await cp(paths.checkpointDir, copy, { recursive: true });
    await cp(join(store, 'datasets'), join(elsewhere, 'datasets'), { recursive: true });
    const where = ['--dataset', run.request.dataset, '--store', elsewhere];
    const { code, stderr } = await runCli(['train', ...where, ...RECIPE, '--epochs', `${2 * EPOCHS}`]);
    expect(stderr).toContain(`going on from the checkpoint of step ${run.step}`);
    expect(code).toBe(0);

    const { step } = await readRun(copy);
    expect(step).toBe(2 * run.step);
    const { value: checkpoint } = await runPython<{ latest: string; step: number }>(READ_CHECKPOINT, [copy]);
    expect(checkpoint).toMatchObject({ latest: join(copy, `model.ckpt-${step}`), step });
    const { value: events } = await runPython<Record<'train' | 'validation', Curve>>(READ_EVENTS, [copy]);
    const perEpoch = run.step / EPOCHS;
    expect(steps(events.validation.scalars['accuracy/top1'])).toEqual([1, 2, 3, 4].map((epoch) => epoch * perEpoch));
    const loss = steps(events.train.scalars['loss']);
    expect(loss).toEqual([...new Set(loss)].sort((a, b) => a - b));
    expect(loss.at(-1)).toBe(step);
  });
});
