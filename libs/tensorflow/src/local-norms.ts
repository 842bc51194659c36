/**
 * Local response normalisation by operations of our own (`native/local-norm-operation.cc`), in a graph that TensorFlow's
 * rules have derived.
 */
import { attributesIn } from './attributes-in.js';
import type { Operation, Output } from './operation.js';
import { replaceOperations } from './replacements.js';
import type { Scope } from './scope.js';

const REPLACEMENTS: Readonly<Record<string, string>> = {
  LRN: 'BluewatersLocalNorm',
  LRNGrad: 'BluewatersLocalNormGradient',
};

/** Of the sum in the denominator: the one that ours has, and that networks are published with. */
const EXPONENT = 0.75;

/**
 * Has local responses normalised by operations of ours wherever that is by the power of 3/4, in float32. TensorFlow's take a
 * power of each element and, forward and backward, a product with a matrix of bands: a seventh of a step of GoogLeNet.
 * Nothing changes where {@link fasterConvolutions} would change nothing.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients, as `gradients` gave them; no session has run them.
 * @param threads Within one operation; 0, the default, takes every core.
 * @returns What to use instead of `slopes`.
 */
export function fasterLocalNorms(scope: Scope, slopes: readonly Output[], threads = 0): Output[] {
  return replaceOperations(slopes, (operation) => {
    const type = REPLACEMENTS[operation.type];
    return type !== undefined && hasOurForm(operation) ? [replacement(scope, type, operation, threads)] : undefined;
  });
}

function hasOurForm(operation: Operation): boolean {
  return attributesIn(operation).number('beta') === EXPONENT && operation.output(0).dtype === 'float32';
}

function replacement(scope: Scope, type: string, operation: Operation, threads: number): Output {
  const settings = attributesIn(operation);
  const attributes = {
    radius: BigInt(settings.number('depth_radius')),
    bias: settings.number('bias'),
    alpha: settings.number('alpha'),
    threads: BigInt(threads),
  };
  return scope.op(type, { inputs: operation.inputs, attributes }).output();
}
