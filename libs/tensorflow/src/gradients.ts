/** Gradients, by TensorFlow's own rules. */
import { CodedError } from '@bluewaters/errors';
import { repairGradients } from './gradient-repairs.js';
import { native, type NativeOutput } from './native.js';
import { Operation, Output } from './operation.js';
import type { Scope } from './scope.js';
import { checked, type StatusError } from './status.js';

/** How gradients are asked for. */
export interface GradientOptions {
  /** The gradient that arrives at each of `ys`, of its shape; by default ones. */
  readonly gradYs?: readonly Output[];
}

/**
 * Adds the partial derivatives of the sum of `ys` with respect to each of `xs`, in a name scope `gradients`.
 * Operations without a rule in TensorFlow's library are refused; for `SparseSoftmaxCrossEntropyWithLogits` start from
 * the logits with what `softmaxCrossEntropyLoss` gives.
 *
 * @param xs For a variable, the very output that the forward pass read.
 * @returns One gradient for each of `xs`, of its dtype and shape.
 * @throws {CodedError} GRAPH_INVALID when there is no rule, or some of `xs` has no influence on `ys`.
 */
export function gradients(
  scope: Scope,
  ys: readonly Output[],
  xs: readonly Output[],
  { gradYs }: GradientOptions = {},
): Output[] {
  checkGradYs(ys, gradYs);
  const own = scope.child('gradients');
  const refuse = (failure: StatusError) => {
    const of = ys.map((y) => y.name).join(', ');
    return new CodedError('GRAPH_INVALID', `gradients of ${of}: ${failure.message}`, { cause: failure });
  };
  const found = addGradients(own, { ys, xs, gradYs }, refuse);
  const replacements = repairGradients(own, refuse);
  return found.map((gradient, i) => {
    const output = asOutput(scope, gradient, xs[i]!);
    return replacements.get(output.name) ?? output;
  });
}

interface GradientRequest {
  readonly ys: readonly Output[];
  readonly xs: readonly Output[];
  readonly gradYs: readonly Output[] | undefined;
}

function checkGradYs(ys: readonly Output[], gradYs: readonly Output[] | undefined): void {
  if (!gradYs || gradYs.length === ys.length) return;
  throw new CodedError('GRAPH_INVALID', 'gradients need one gradYs for each of ys', {
    details: { field: 'gradYs', expected: String(ys.length), got: String(gradYs.length) },
  });
}

function addGradients(
  own: Scope,
  { ys, xs, gradYs }: GradientRequest,
  refuse: (failure: StatusError) => Error,
): NativeOutput[] {
  const natives = (outputs: readonly Output[]) => outputs.map((output) => output.native);
  const inOrder = (outputs: readonly Output[]) => [natives(outputs), outputs.length] as const;
  const incoming = gradYs ? natives(gradYs) : null;
  const found = xs.map((): NativeOutput => ({ oper: null, index: 0 }));
  const place = [own.graph.pointer, own.name] as const;
  checked(
    (status) => native().TF_AddGradientsWithPrefix(...place, ...inOrder(ys), ...inOrder(xs), incoming, status, found),
    refuse,
  );
  return found;
}

function asOutput(scope: Scope, { oper, index }: NativeOutput, x: Output): Output {
  if (oper !== null) return new Output(new Operation(scope.graph, oper), index);
  const message = 'a gradient is asked for something that no gradient reaches';
  throw new CodedError('GRAPH_INVALID', message, { details: { field: x.name } });
}
