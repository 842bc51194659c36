/** Weights in Keras's HDF5 files, old and new. The reader is WebAssembly and is loaded when a file is opened. */
import { CodedError } from '@bluewaters/errors';
import type { Dataset, Entity, Group } from 'h5wasm/node';
import { kerasName } from './keras-names.js';
import type { SourceTensor, WeightSource } from './weight-source.js';

/** Tensors by name. */
type Tensors = Map<string, Dataset>;

/**
 * Opens an HDF5 file of Keras: a whole model (`model.save('m.h5')`), its weights alone (`save_weights` of Keras 2, as
 * published for Keras applications), or `.weights.h5` of Keras 3.
 *
 * @throws {CodedError} WEIGHTS_INVALID when it is damaged or holds no layers.
 */
export async function openKerasH5(file: string): Promise<WeightSource> {
  const { ready, File } = await import('h5wasm/node');
  await ready;
  const opened = new File(file, 'r');
  if (opened.file_id < 0n) throw invalid(file, 'an HDF5 file that is whole', 'a damaged one');
  const tensors = listTensors(opened);
  if (tensors.size > 0) {
    return {
      file,
      naming: 'keras',
      tensors: new Map([...tensors].map(([name, { shape }]) => [name, shape ?? []])),
      read: async (name) => readTensor(file, name, tensors.get(name)),
      [Symbol.dispose]: () => void opened.close(),
    };
  }
  opened.close();
  throw invalid(file, "layers of a Keras model, or Keras's weights", 'neither');
}

function listTensors(root: Group): Tensors {
  const ofModel = groupAt(root, 'model_weights') ?? root;
  const layers = groupAt(root, 'layers');
  return layers ? newFormat(layers) : oldFormat(ofModel);
}

/** Each layer is a group, whose attribute `weight_names` names what belongs to it. */
function oldFormat(root: Group): Tensors {
  const tensors: Tensors = new Map();
  for (const layer of namesIn(root, 'layer_names')) {
    const group = groupAt(root, layer);
    for (const weight of group ? namesIn(group, 'weight_names') : []) {
      const dataset = group?.get(weight);
      if (isDataset(dataset)) tensors.set(`${layer}/${kerasName(weight).split('/').at(-1)}`, dataset);
    }
  }
  return tensors;
}

/** A list of names; one that is too long for an attribute is cut into NAME0, NAME1, … */
function namesIn(group: Group, name: string): string[] {
  const { attrs } = group;
  const parts = attrs[name] ? [attrs[name]] : [];
  for (let part = attrs[`${name}0`], n = 1; part; part = attrs[`${name}${n}`], n += 1) parts.push(part);
  return parts.flatMap(({ value }) => (Array.isArray(value) ? value.map(String) : []));
}

/** What the weights of a layer are, in the order in which Keras 3 numbers them. */
const NUMBERED: Readonly<Record<string, readonly string[]>> = {
  conv2d: ['kernel', 'bias'],
  dense: ['kernel', 'bias'],
  batch_normalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
};

/** Each layer is a group by its class; `vars` in it has the layer's name as an attribute, and weights by number. */
function newFormat(layers: Group): Tensors {
  const tensors: Tensors = new Map();
  for (const key of layers.keys()) {
    const weights = groupAt(layers, `${key}/vars`);
    const numbers = weights?.keys() ?? [];
    const known = NUMBERED[key.replace(/_\d+$/u, '')] ?? [];
    // Without a learnt scale there is no gamma.
    const names = known.length === 4 ? known.slice(4 - numbers.length) : known;
    const named = weights?.attrs['name']?.value;
    const layer = typeof named === 'string' ? named : key;
    for (const number of numbers) {
      const dataset = weights?.get(number);
      if (isDataset(dataset)) tensors.set(`${layer}/${names[Number(number)] ?? number}`, dataset);
    }
  }
  return tensors;
}

function groupAt(group: Group, path: string): Group | undefined {
  const [first = '', ...rest] = path.split('/');
  if (!group.keys().includes(first)) return undefined; // asking for what is not there writes to stderr
  const found = group.get(first);
  if (!isGroup(found)) return undefined;
  return rest.length === 0 ? found : groupAt(found, rest.join('/'));
}

function isGroup(entity: Entity | null): entity is Group {
  return entity instanceof Object && 'type' in entity && String(entity.type) === 'Group';
}

function isDataset(entity: Entity | null | undefined): entity is Dataset {
  return entity instanceof Object && 'type' in entity && String(entity.type) === 'Dataset';
}

function readTensor(file: string, name: string, dataset: Dataset | undefined): SourceTensor {
  const values = dataset?.value;
  if (values instanceof Float32Array) return { shape: dataset?.shape ?? [], values: new Float32Array(values) };
  throw invalid(file, 'float32', dataset ? JSON.stringify(dataset.dtype) : 'nothing', name);
}

function invalid(file: string, expected: string, got: string, field?: string): CodedError {
  return new CodedError('WEIGHTS_INVALID', 'The weights cannot be read', {
    details: { file, expected, got, ...(field === undefined ? {} : { field }) },
  });
}
