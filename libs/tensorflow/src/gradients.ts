/** Gradients, by TensorFlow's own rules. */
import { CodedError } from '@bluewaters/errors';
import { native, type NativeOutput } from './native.js';
import { Operation, Output } from './operation.js';
import type { Scope } from './scope.js';
import { checked } from './status.js';

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
  const found = addGradients(scope, ys, xs, gradYs);
  return found.map(({ oper, index }, i) => {
    if (oper !== null) return new Output(new Operation(scope.graph, oper), index);
    const message = 'a gradient is asked for something without influence on the result';
    throw new CodedError('GRAPH_INVALID', message, { details: { field: xs[i]!.name } });
  });
}

function checkGradYs(ys: readonly Output[], gradYs: readonly Output[] | undefined): void {
  if (!gradYs || gradYs.length === ys.length) return;
  throw new CodedError('GRAPH_INVALID', 'gradients need one gradYs for each of ys', {
    details: { field: 'gradYs', expected: String(ys.length), got: String(gradYs.length) },
  });
}

function addGradients(
  scope: Scope,
  ys: readonly Output[],
  xs: readonly Output[],
  gradYs: readonly Output[] | undefined,
): NativeOutput[] {
  const inOrder = (list: readonly Output[]) => [list.map((output) => output.native), list.length] as const;
  const incoming = gradYs ? inOrder(gradYs)[0] : null;
  const found = xs.map((): NativeOutput => ({ oper: null, index: 0 }));
  const { name } = scope.child('gradients');
  checked(
    (status) =>
      native().TF_AddGradientsWithPrefix(
        scope.graph.pointer,
        name,
        ...inOrder(ys),
        ...inOrder(xs),
        incoming,
        status,
        found,
      ),
    (failure) => {
      const of = ys.map((y) => y.name).join(', ');
      return new CodedError('GRAPH_INVALID', `gradients of ${of}: ${failure.message}`, { cause: failure });
    },
  );
  return found;
}
