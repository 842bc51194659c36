/**
 * Derivatives of operations whose rule TensorFlow's C library lacks or has wrong. `gradients` takes these first, and
 * the library's own for everything else.
 */
import type { AttributeValue } from './attributes.js';
import type { Operation, Output } from './operation.js';
import { expandDims } from './operations/arrays.js';
import { add, mul, sub, sum } from './operations/math.js';
import { softmax } from './operations/nn.js';
import type { Scope } from './scope.js';

/**
 * Adds the derivative of one operation.
 *
 * @param scope Where its operations go.
 * @param operation The forward operation, whose inputs and outputs can be read.
 * @param arriving One for each of its outputs, of that output's dtype and shape: the derivative, by that output, of
 * what is differentiated. Undefined where nothing depends on the output; at least one is there.
 * @returns One for each of its inputs, of that input's dtype and shape; undefined where no gradient passes, as for
 * labels, shapes and seeds.
 */
export type GradientRule = (
  scope: Scope,
  operation: Operation,
  arriving: readonly (Output | undefined)[],
) => readonly (Output | undefined)[];

/** Rules by the type of operation that they are for. */
export type GradientRules = Readonly<Record<string, GradientRule>>;

/** What TensorFlow's C library needs to differentiate the networks of this field. */
export const GRADIENT_RULES: GradientRules = {
  SparseSoftmaxCrossEntropyWithLogits: sparseSoftmaxCrossEntropyRule,
  LRN: lrnRule,
  IdentityN: passOn,
  EnsureShape: passOn,
  PlaceholderWithDefault: passOn,
  OnesLike: () => [undefined],
};

/** For operations whose outputs are their inputs. */
function passOn(_scope: Scope, _operation: Operation, arriving: readonly (Output | undefined)[]): typeof arriving {
  return arriving;
}

/**
 * The operation gives the derivative of each loss by its logits, softmax - one-hot, as its second output. Where
 * something depends on that one too, it is the second derivative that is asked for.
 *
 * @see Python's `_SparseSoftmaxCrossEntropyWithLogitsGrad` in TensorFlow's nn_grad.py.
 */
function sparseSoftmaxCrossEntropyRule(
  scope: Scope,
  operation: Operation,
  [byLoss, byBackprop]: readonly (Output | undefined)[],
): (Output | undefined)[] {
  const terms: Output[] = [];
  if (byLoss) terms.push(mul(scope, expandDims(scope, byLoss, -1), operation.output(1)));
  if (byBackprop) terms.push(softmaxDerivative(scope, softmax(scope, operation.input(0)), byBackprop));
  return [terms.reduce((total, term) => add(scope, total, term)), undefined];
}

/** By the logits, from what arrives at softmax(logits): (arriving - Σ arriving · softmax) · softmax. */
function softmaxDerivative(scope: Scope, probabilities: Output, arriving: Output): Output {
  const mean = sum(scope, mul(scope, arriving, probabilities), { axes: [-1], keepDims: true });
  return mul(scope, sub(scope, arriving, mean), probabilities);
}

/** The library's own rule forgets the attributes, and so takes the default radius, bias, alpha and beta. */
function lrnRule(scope: Scope, operation: Operation, [arriving]: readonly (Output | undefined)[]): Output[] {
  const inputs = [arriving as Output, operation.input(0), operation.output()];
  const attributes = attributesOf(operation, ['depth_radius', 'bias', 'alpha', 'beta']);
  return [scope.op('LRNGrad', { inputs, attributes }).output()];
}

function attributesOf(operation: Operation, names: readonly string[]): Record<string, AttributeValue> {
  const { attr } = operation.toNodeDef();
  return Object.fromEntries(names.map((name) => [name, attr[name]?.value.value as number | bigint]));
}
