/** Which operations get a typed function, and in which file it stands. */
import { isExpressible } from './dtypes.mjs';

/** By family: the groups of TensorFlow's own wrappers (`gen_<group>_ops.py`) whose operations it holds. */
export const FAMILIES = {
  arrays: ['array', 'manip'],
  mathematics: ['math', 'bitwise', 'linalg', 'special_math', 'spectral'],
  networks: ['nn'],
  images: ['image'],
  random: ['random', 'stateless_random', 'stateless_random_ops_v2'],
  strings: ['string'],
  datasets: ['dataset', 'experimental_dataset', 'parsing'],
  variables: ['resource_variable', 'state'],
  training: ['training'],
  checkpoints: ['io', 'checkpoint'],
  control: ['control_flow', 'functional', 'logging'],
  collectives: ['collective'],
};

/** Frames of TensorFlow 1: the library ends the process where they do not close. `whileLoop` loops without them. */
const FRAMES = new Set(['Enter', 'Exit', 'LoopCond', 'NextIteration']);

/**
 * Of its inputs one alone may have a value, as after a `Switch`: of more, what comes after it is run as often, over
 * memory that was given back. `cond` and `runIf` choose without it.
 */
const MEETING = 'Merge';

/**
 * Operations whose kernels assert what they should check, of values that only a run knows: an empty image, a list where
 * one value is needed, an axis before the first, a length that no memory has, more threads than the system gives, a mean
 * of random numbers that are counted one by one. The process ends there, or goes on for ever, so these are for `runIsolated` or for whoever makes sure of the values. `npm run prove -- fuzz` finds them.
 */
const ASSERTING = new Set([
  'AdjustHue',
  'CollectiveGather',
  'CollectiveGatherV2',
  'CollectiveInitializeCommunicator',
  'CollectiveReduce',
  'CollectiveReduceScatterV2',
  'ConjugateTranspose',
  'CropAndResizeGradBoxes',
  'CropAndResizeGradImage',
  'EncodePng',
  'FakeQuantWithMinMaxVarsPerChannel',
  'FakeQuantWithMinMaxVarsPerChannelGradient',
  'IRFFT',
  'IRFFT2D',
  'IRFFT3D',
  'IRFFTND',
  'LoadAndRemapMatrix',
  'MultiDeviceIteratorGetNextFromShard',
  'MultiDeviceIteratorInit',
  'ParallelInterleaveDatasetV2',
  'PrivateThreadPoolDataset',
  'RFFT',
  'RFFT2D',
  'RFFT3D',
  'RFFTND',
  'RandomPoissonV2',
  'ReaderReadUpToV2',
  'ReduceDataset',
  'RemoteCall',
  'ResourceGatherNd',
  'ThreadPoolDataset',
  'ThreadPoolHandle',
  'Transpose',
  'WindowOp',
]);

/**
 * Computing on quantised numbers: their kernels take ranges as they come. Nothing here quantises; a model that does is
 * loaded, and its operations are reached by name.
 */
const QUANTISED = /Quantiz|Dequantize|Requantiz/u;

/**
 * Why an operation gets no function although its family is there; undefined when it gets one. All are still reached by
 * name: `scope.op('Name', …)`.
 *
 * @param {import('@bluewaters/tensorflow').OperationDefinition} definition
 * @param {ReadonlySet<string>} registered The names of all operations.
 */
export function reasonToLeaveOut(definition, registered) {
  const { name, inputArg, outputArg, deprecation } = definition;
  const values = [...inputArg, ...outputArg];
  if (deprecation) return 'deprecated';
  if (name.startsWith('_')) return 'internal';
  if (values.some(({ isRef }) => isRef)) return 'works on the reference variables of TensorFlow 1';
  if (/^Experimental/.test(name) && registered.has(name.replace('Experimental', ''))) return 'was an experiment';
  if (FRAMES.has(name)) return 'opens or closes a frame';
  if (name === MEETING) return 'takes it that one of its inputs alone has a value';
  if (QUANTISED.test(name)) return 'computes on quantised numbers, whose ranges it does not check';
  if (ASSERTING.has(name)) return 'ends the process on values that it does not check';
  if (!isExpressible(definition)) return 'has a dtype without a name in TypeScript';
  return undefined;
}
