/** Weights in TensorFlow's checkpoint format: TF-slim's and our own checkpoints, and the variables of SavedModels. */
import { CodedError } from '@bluewaters/errors';
import {
  listCheckpoint,
  listObjectVariables,
  readCheckpoint,
  type CheckpointEntry,
  type ObjectVariable,
  type Tensor,
} from '@bluewaters/tensorflow';
import { kerasName } from './keras-names.js';
import type { SourceTensor, WeightSource } from './weight-source.js';

/**
 * Opens a checkpoint. Where it has a graph of Python's objects the names are Keras's, else they are its keys.
 *
 * @param file As the user named it. @param prefix Of its files.
 */
export async function openCheckpointWeights(file: string, prefix: string): Promise<WeightSource> {
  const objects = await listObjectVariables(prefix);
  const entries = new Map(objects ? kerasEntries(objects) : slimEntries(await listCheckpoint(prefix)));
  return {
    file,
    naming: objects ? 'keras' : entries.has(OUR_LAST_LAYER) ? 'own' : 'slim',
    tensors: new Map([...entries].map(([name, { shape }]) => [name, shape])),
    read: (name) => readTensor(file, prefix, entries.get(name)),
    [Symbol.dispose]: () => undefined,
  };
}

/** All networks of ours end in it; TF-slim's names begin with that of the network. */
const OUR_LAST_LAYER = 'logits/weights';

type Named = [name: string, entry: CheckpointEntry];

/** Keys of what the optimiser of a compiled model keeps. */
const OF_OPTIMISER = /(?:^|\/)_?optimizer\//u;

function kerasEntries(objects: readonly ObjectVariable[]): Named[] {
  return objects
    .filter(({ name, dtype }) => dtype === 'float32' && !OF_OPTIMISER.test(name))
    .map((variable) => [kerasName(variable.fullName), variable]);
}

/**
 * What a training run keeps beside its variables: the count of steps, accumulators, averages, and losses it showed; and the
 * mean of the pictures, which the published VGG and ResNet v1 have, and which stands in what pictures they want.
 */
const NO_WEIGHTS =
  /^global_step$|\/(?:mean_rgb|Momentum|RMSProp(?:_\d+)?|Adam(?:_\d+)?|ExponentialMovingAverage)$|_power$/u;

function slimEntries(entries: readonly CheckpointEntry[]): Named[] {
  return entries.filter(({ name }) => !NO_WEIGHTS.test(name)).map((entry) => [entry.name, entry]);
}

async function readTensor(file: string, prefix: string, entry: CheckpointEntry | undefined): Promise<SourceTensor> {
  if (entry?.dtype !== 'float32') {
    const details = { file, field: entry?.name ?? '', expected: 'float32', got: entry?.dtype ?? 'nothing' };
    throw new CodedError('WEIGHTS_INVALID', 'A tensor of the weights cannot be used', { details });
  }
  const [[, tensor]] = [...(await readCheckpoint(prefix, [entry]))] as [[string, Tensor]];
  using _ = tensor;
  return { shape: entry.shape, values: tensor.values() as Float32Array<ArrayBuffer> };
}
