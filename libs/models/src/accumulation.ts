/** Gradients of a large batch from several small ones, for memory that the large one would not fit into. */
import {
  add,
  assign,
  group,
  initializers,
  mul,
  raw,
  variable,
  zerosLike,
  type Operation,
  type Output,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';
import type { Parameter } from './variable-store.js';

/** int64 scalar: the micro-batches of the present step so far. */
export function microCounter(scope: Scope): Variable {
  const initializer = initializers.zeros();
  return variable(scope, 'micro_batch', { dtype: 'int64', shape: [], initializer, trainable: false });
}

/** Gradients that grow over the micro-batches of a step. */
export interface Accumulation {
  /** Of the whole batch, once the last micro-batch is the present one; in the order of the parameters. */
  readonly totals: readonly Output[];
  readonly accumulate: Operation;
  /** Makes room for the next step. */
  clear(scope: Scope): readonly Operation[];
  readonly transient: readonly Variable[];
}

/**
 * Adds what a step of several micro-batches needs: one after the other they add their share to a sum for each parameter,
 * and the last one takes the sums for its gradients. What the network does is as for small batches (batch normalisation
 * sees a micro-batch), the update is that of the large one.
 */
export function accumulation(
  scope: Scope,
  options: {
    readonly parameters: readonly Parameter[];
    readonly slopes: readonly Output[];
    readonly micro: Variable;
    readonly microBatches: number;
    readonly updates: readonly Operation[];
  },
): Accumulation {
  const { parameters, slopes, micro, microBatches, updates } = options;
  const own = scope.child('accumulate');
  const sums = parameters.map(({ variable: { name, dtype, shape } }) =>
    variable(own, name, { dtype, shape, initializer: initializers.zeros(), trainable: false }),
  );
  const shares = slopes.map((slope) => mul(own, slope, 1 / microBatches));
  const additions = sums.map(({ handle }, index) =>
    raw.assignAddVariableOp(own, { resource: handle, value: shares[index] as Output }),
  );
  const counted = raw.assignAddVariableOp(own.after(...additions), { resource: micro.handle, value: own.constant(1n) });
  return {
    totals: sums.map(({ value }, index) => add(own, value, shares[index] as Output)),
    accumulate: group(own, [counted, ...updates]),
    clear: (after) => [...sums, micro].map((sum) => assign(after, sum, zerosLike(after, sum.value))),
    transient: [...sums, micro],
  };
}
