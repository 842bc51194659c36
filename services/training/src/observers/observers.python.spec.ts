import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runKeys } from '@bluewaters/records';
import { describe, expect, it } from 'vitest';
import { workplace } from '../workplace.fixture.js';

const PYTHON = process.env['BLUEWATERS_PYTHON'];

/** What TensorBoard's own reader finds in a folder: by plugin, its tags, each with its steps. */
const READ = `
import json, sys
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util
import glob
found = {}
for path in sorted(glob.glob(sys.argv[1] + "/*tfevents*")):
    plugins = {}
    for event in EventFileLoader(path).Load():
        for value in event.summary.value:
            plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
            found.setdefault(plugin, {}).setdefault(value.tag, []).append(event.step)
            array = tensor_util.make_ndarray(value.tensor)
            if plugin == "histograms":
                assert array.shape[1] == 3 and (array[:, 2] >= 0).all() and array[:, 2].sum() > 0, value.tag
            if plugin == "images":
                assert array[2][:4] == b"\\x89PNG", value.tag
print(json.dumps(found))
`;

type Found = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

async function read(directory: string): Promise<Found> {
  const { stdout } = await promisify(execFile)(PYTHON ?? '', ['-c', READ, directory]);
  return JSON.parse(stdout) as Found;
}

describe.skipIf(!PYTHON)('what TensorBoard finds of a run (needs BLUEWATERS_PYTHON)', { timeout: 120_000 }, () => {
  it('is curves, histograms of weights and gradients, pictures, confusion and hyper-parameters', async () => {
    const { start, directory } = await workplace();
    await start({ epochs: 2 });
    const folder = join(directory, 'store', runKeys.checkpoints('r'));
    const [train, validation] = [await read(join(folder, 'train')), await read(join(folder, 'validation'))];
    expect(Object.keys(train['scalars'] ?? {}).sort()).toEqual([
      'images_per_second',
      'learning_rate',
      'loss',
      'seconds/checkpoint',
      'seconds/compute',
      'seconds/input',
      'seconds/reduce',
    ]);
    expect(train['images']).toEqual({
      examples: [0],
      inputs: [6, 12],
      'first_layer/kernels': [6, 12],
    });
    const histograms = Object.keys(train['histograms'] ?? {});
    expect(histograms).toContain('weights/conv1/weights');
    expect(histograms).toContain('gradients/logits/biases');
    for (const tag of ['accuracy/top1', 'accuracy/best', 'epochs_since_best'])
      expect(validation['scalars']?.[tag]).toEqual([6, 12]);
    expect(validation['images']).toEqual({
      confusion: [6, 12],
      'first_layer/picture': [6, 12],
      'first_layer/activations': [6, 12],
    });
    expect(Object.keys(validation['hparams'] ?? {})).toHaveLength(2); // that it began, and how it ended
  });
});
