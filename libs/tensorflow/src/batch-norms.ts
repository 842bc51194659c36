/**
 * Batch normalisation by operations of our own (`native/batch-norm.cc`), in a graph that TensorFlow's rules have derived:
 * what read the results of TensorFlow's operations then reads those of ours.
 */
import { attributesIn } from './attributes-in.js';
import { moveReaders, onlyReader, readersOf } from './edges.js';
import type { Operation, Output } from './operation.js';
import { replaceOperations } from './replacements.js';
import type { Scope } from './scope.js';

/** What of ours takes the place of an operation: its outputs, in the order of the operation's own. */
type Replacement = readonly Output[];

const REPLACEMENTS: Readonly<
  Record<string, (scope: Scope, operation: Operation, threads: number) => Replacement | undefined>
> = {
  FusedBatchNormV3: normalise,
  FusedBatchNormGradV3: derive,
  ReluGrad: deriveOfSum,
};

/**
 * Has batches normalised by operations of ours wherever a network is trained by their own statistics: float32, channels
 * last. They go over the pictures twice where TensorFlow's go over them four times, and take the rectifier behind along,
 * forward and backward, with the sum of a residual block before it. Nothing changes where {@link fasterConvolutions} would change nothing.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients, as `gradients` gave them; no session has run them.
 * @param threads Within one operation; 0, the default, takes every core.
 * @returns What to use instead of `slopes`.
 */
export function fasterBatchNorms(scope: Scope, slopes: readonly Output[], threads = 0): Output[] {
  return replaceOperations(slopes, (operation) => REPLACEMENTS[operation.type]?.(scope, operation, threads));
}

function isOfBatch(operation: Operation): boolean {
  const attributes = attributesIn(operation);
  const known = attributes.flag('is_training') && attributes.text('data_format') === 'NHWC';
  return known && operation.output(0).dtype === 'float32';
}

function normalise(scope: Scope, operation: Operation, threads: number): Replacement | undefined {
  if (!isOfBatch(operation)) return undefined;
  const [x, scale, offset] = [0, 1, 2].map((i) => operation.input(i)) as [Output, Output, Output];
  const { beside, rectifier } = behind(operation.output(0));
  const attributes = settingsOf(operation, rectifier, threads);
  const ours = beside
    ? scope.op('BluewatersBatchNormSum', { inputs: [x, beside, scale, offset], attributes })
    : scope.op('BluewatersBatchNorm', { inputs: [x, scale, offset], attributes });
  const [y, mean, unbiasedVariance, variance] = ours.outputs as [Output, Output, Output, Output];
  if (rectifier) moveReaders(rectifier.output(0), y);
  // TensorFlow's gives mean and variance twice: to follow, and for its gradient; and last what only GPUs fill.
  return [y, mean, unbiasedVariance, mean, variance, scope.constant([], { dtype: 'float32' })];
}

/** What follows a result and nothing else reads: a rectifier, of itself or of its sum with something of the same shape. */
function behind(y: Output): { readonly beside?: Output | undefined; readonly rectifier?: Operation | undefined } {
  const sum = onlyReader(y, 'AddV2');
  const rectifier = onlyReader(sum?.output(0) ?? y, 'Relu');
  if (!sum || !rectifier) return { rectifier };
  const beside = [0, 1].map((i) => sum.input(i)).find(({ name }) => name !== y.name);
  // A batch that only the run tells is one for both ways.
  const alike = beside?.shape?.slice(1).every((size) => size !== null) && String(beside.shape) === String(y.shape);
  return alike ? { beside, rectifier } : {};
}

function derive(scope: Scope, operation: Operation, threads: number): Replacement | undefined {
  if (!isOfBatch(operation)) return undefined;
  const [arriving, x, scale, mean, variance] = [0, 1, 2, 3, 4].map((i) => operation.input(i)) as [
    Output,
    ...[Output, Output, Output, Output],
  ];
  const { operation: forward } = mean;
  const offset = forward.input(forward.type === 'BluewatersBatchNormSum' ? 3 : 2);
  const rectifier = rectifierOf(arriving, forward);
  return scope.op('BluewatersBatchNormGradient', {
    inputs: [x, rectifier?.input(0) ?? arriving, scale, offset, mean, variance],
    attributes: settingsOf(operation, rectifier, threads),
  }).outputs;
}

/** The gradient of the rectifier that a normalisation of ours took along, where nothing else reads that. */
function rectifierOf(arriving: Output, forward: Operation): Operation | undefined {
  const { operation: before } = arriving;
  if (before.type !== 'ReluGrad' || readersOf(arriving).length > 1) return undefined;
  const isOfIt = forward.type === 'BluewatersBatchNorm' && before.input(1).name === forward.output(0).name;
  return isOfIt ? before : undefined;
}

/** Of a rectifier at whose result two gradients arrive. */
function deriveOfSum(scope: Scope, operation: Operation, threads: number): Replacement | undefined {
  const [arriving, y] = [operation.input(0), operation.input(1)];
  const { operation: sum } = arriving;
  const isOfTwo = sum.type === 'AddN' && sum.inputs.length === 2 && readersOf(arriving).length === 1;
  if (!isOfTwo || arriving.dtype !== 'float32') return undefined;
  return scope.op('BluewatersRectifiedSumGradient', {
    inputs: [sum.input(0), sum.input(1), y],
    attributes: { threads: BigInt(threads) },
  }).outputs;
}

function settingsOf(operation: Operation, rectifier: Operation | undefined, threads: number) {
  const epsilon = attributesIn(operation).number('epsilon');
  return { epsilon, rectify: rectifier !== undefined, threads: BigInt(threads) };
}
