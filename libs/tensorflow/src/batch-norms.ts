/**
 * Batch normalisation by operations of our own (`native/batch-norm.cc`), in a graph that TensorFlow's rules have derived:
 * what read the results of TensorFlow's operations then reads those of ours.
 */
import { attributesIn } from './attributes-in.js';
import { moveReaders, readersOf } from './edges.js';
import { Operation, type Output } from './operation.js';
import { replaceOperations } from './replacements.js';
import type { Scope } from './scope.js';

/** What of ours takes the place of an operation: its outputs, in the order of the operation's own. */
type Replacement = readonly Output[];

const REPLACEMENTS: Readonly<Record<string, (scope: Scope, operation: Operation, threads: number) => Replacement>> = {
  FusedBatchNormV3: normalise,
  FusedBatchNormGradV3: derive,
};

/**
 * Has batches normalised by operations of ours wherever a network is trained by their own statistics: float32, channels
 * last. They go over the pictures twice where TensorFlow's go over them four times, and take the rectifier behind along,
 * forward and backward. Nothing changes where {@link fasterConvolutions} would change nothing.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients, as `gradients` gave them; no session has run them.
 * @param threads Within one operation; 0, the default, takes every core.
 * @returns What to use instead of `slopes`.
 */
export function fasterBatchNorms(scope: Scope, slopes: readonly Output[], threads = 0): Output[] {
  return replaceOperations(slopes, (operation) => {
    const replace = REPLACEMENTS[operation.type];
    return replace && isOfBatch(operation) ? replace(scope, operation, threads) : undefined;
  });
}

function isOfBatch(operation: Operation): boolean {
  const attributes = attributesIn(operation);
  const known = attributes.flag('is_training') && attributes.text('data_format') === 'NHWC';
  return known && operation.output(0).dtype === 'float32';
}

function normalise(scope: Scope, operation: Operation, threads: number): Replacement {
  const rectifier = onlyReader(operation.output(0), 'Relu');
  const ours = scope.op('BluewatersBatchNorm', {
    inputs: [0, 1, 2].map((i) => operation.input(i)),
    attributes: settingsOf(operation, rectifier, threads),
  });
  const [y, mean, unbiasedVariance, variance] = ours.outputs as [Output, Output, Output, Output];
  if (rectifier) moveReaders(rectifier.output(0), y);
  // TensorFlow's gives mean and variance twice: to follow, and for its gradient; and last what only GPUs fill.
  return [y, mean, unbiasedVariance, mean, variance, scope.constant([], { dtype: 'float32' })];
}

function derive(scope: Scope, operation: Operation, threads: number): Replacement {
  const [arriving, x, scale, mean, variance] = [0, 1, 2, 3, 4].map((i) => operation.input(i)) as [
    Output,
    ...[Output, Output, Output, Output],
  ];
  const { operation: before } = arriving;
  const rectifier = before.type === 'ReluGrad' && readersOf(arriving).length === 1 ? before : undefined;
  const [passed, y] = rectifier ? [rectifier.input(0), rectifier.input(1)] : [arriving, x];
  return scope.op('BluewatersBatchNormGradient', {
    inputs: [x, passed, y, scale, mean, variance],
    attributes: settingsOf(operation, rectifier, threads),
  }).outputs;
}

function settingsOf(operation: Operation, rectifier: Operation | undefined, threads: number) {
  const epsilon = attributesIn(operation).number('epsilon');
  return { epsilon, rectify: rectifier !== undefined, threads: BigInt(threads) };
}

/** What reads an output, when nothing else does and it is of that type. */
function onlyReader(output: Output, type: string): Operation | undefined {
  const [reader, ...others] = readersOf(output);
  if (!reader?.oper || others.length > 0) return undefined;
  const operation = new Operation(output.operation.graph, reader.oper);
  return operation.type === type ? operation : undefined;
}
