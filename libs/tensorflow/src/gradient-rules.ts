/**
 * Derivatives of operations whose rule TensorFlow's C library lacks or has wrong. `gradients` takes these first, and
 * the library's own for everything else.
 */
import type { AttributeValue } from './attributes.js';
import type { AttrValue } from './generated/tensorflow/core/framework/attr_value_pb.js';
import type { Operation, Output } from './operation.js';
import { expandDims, shape } from './operations/arrays.js';
import { logSoftmax } from './operations/elementwise.js';
import { add, mul, sub } from './operations/math.js';
import { softmax } from './operations/nn.js';
import { sum } from './operations/reductions.js';
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
const RULES: GradientRules = {
  SparseSoftmaxCrossEntropyWithLogits: sparseCrossEntropyRule,
  SoftmaxCrossEntropyWithLogits: crossEntropyRule,
  LRN: lrnRule,
  IdentityN: passOn,
  EnsureShape: passOn,
  PlaceholderWithDefault: passOn,
  OnesLike: () => [undefined],
};

/** For windows that the library's own rule takes for others, because it forgets attributes. */
const WINDOW_RULES: GradientRules = {
  Conv2D: convolutionRule('Conv2DBackpropInput', 'Conv2DBackpropFilter'),
  DepthwiseConv2dNative: convolutionRule('DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter'),
  MaxPool: maxPoolRule,
};

/** The rule of our own for an operation; undefined where the library's is right. */
export function ownRule(operation: Operation): GradientRule | undefined {
  const rule = WINDOW_RULES[operation.type];
  if (!rule) return RULES[operation.type];
  const { explicit_paddings: paddings, dilations } = attributesOf(operation, ['explicit_paddings', 'dilations']);
  const dilated = Array.isArray(dilations) && dilations.some((dilation) => dilation !== 1n);
  return dilated || (Array.isArray(paddings) && paddings.length > 0) ? rule : undefined;
}

/** For operations whose outputs are their inputs. */
function passOn(_scope: Scope, _operation: Operation, arriving: readonly (Output | undefined)[]): typeof arriving {
  return arriving;
}

/**
 * The operation gives the derivative of each loss by its logits, softmax - labels, as its second output. Where something
 * depends on that one too, it is the second derivative that is asked for.
 *
 * @see Python's `_SparseSoftmaxCrossEntropyWithLogitsGrad` in TensorFlow's nn_grad.py.
 */
function sparseCrossEntropyRule(
  scope: Scope,
  operation: Operation,
  [byLoss, byBackprop]: readonly (Output | undefined)[],
): (Output | undefined)[] {
  const terms: Output[] = [];
  if (byLoss) terms.push(mul(scope, expandDims(scope, byLoss, -1), operation.output(1)));
  if (byBackprop) terms.push(softmaxDerivative(scope, softmax(scope, operation.input(0)), byBackprop));
  return [terms.reduce((total, term) => add(scope, total, term)), undefined];
}

/** The library's own rule is for float32 only. The derivative by the labels is -log softmax. */
function crossEntropyRule(
  scope: Scope,
  operation: Operation,
  arriving: readonly (Output | undefined)[],
): (Output | undefined)[] {
  const [byLogits] = sparseCrossEntropyRule(scope, operation, arriving);
  const [byLoss] = arriving;
  if (!byLoss) return [byLogits, undefined];
  const logarithm = logSoftmax(scope, operation.input(0));
  return [byLogits, mul(scope, expandDims(scope, mul(scope, byLoss, -1), -1), logarithm)];
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

/** For the operations that derive a convolution by its input and by its filter. */
function convolutionRule(byInput: string, byFilter: string): GradientRule {
  return (scope, operation, [arriving]) => {
    const [x, filter] = operation.inputs as [Output, Output];
    const names = ['strides', 'padding', 'explicit_paddings', 'dilations', 'data_format'];
    const attributes = attributesOf(operation, names);
    const toInput = [shape(scope, x), filter, arriving as Output];
    const toFilter = [x, shape(scope, filter), arriving as Output];
    return [
      scope.op(byInput, { inputs: toInput, attributes }).output(),
      scope.op(byFilter, { inputs: toFilter, attributes }).output(),
    ];
  };
}

function maxPoolRule(scope: Scope, operation: Operation, [arriving]: readonly (Output | undefined)[]): Output[] {
  const attributes = attributesOf(operation, ['ksize', 'strides', 'padding', 'explicit_paddings', 'data_format']);
  const inputs = [operation.input(0), operation.output(), arriving as Output];
  return [scope.op('MaxPoolGrad', { inputs, attributes }).output()];
}

/** Attributes of a forward operation, as the operation that derives it takes them. */
function attributesOf(operation: Operation, names: readonly string[]): Record<string, AttributeValue> {
  const { attr } = operation.toNodeDef();
  return Object.fromEntries(names.flatMap((name) => (attr[name] ? [[name, valueOf(attr[name])]] : [])));
}

/** Of numbers, strings, and lists of integers: no other attribute is passed on here. */
function valueOf({ value }: AttrValue): AttributeValue {
  return value.case === 'list' ? value.value.i : (value.value as number | bigint | Uint8Array);
}
