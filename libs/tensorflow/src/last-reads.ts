/** Updates in place: what has to be over before a variable is changed. */
import { readersOf } from './edges.js';
import { upstreamOf } from './gradient-cuts.js';
import type { Operation, Output } from './operation.js';
import { identity } from './operations/arrays.js';
import type { Scope } from './scope.js';

/**
 * Lets each update wait until its step has read the variable for the last time. TensorFlow changes a variable in place
 * unless somebody still holds its value, and then in a copy: the gradient of a dense layer's weights and the one that goes
 * on to the layer below are computed side by side, so that the largest variable would be there twice.
 *
 * @param scope Where the operations go.
 * @param slopes Gradients that the updates are made by; the same tensors come back.
 * @param values Each gradient is of one of them, as the step reads it.
 * @param step What the step computes; other readers of the values are not waited for.
 */
export function afterLastReads(
  scope: Scope,
  slopes: readonly Output[],
  { values, step }: { readonly values: readonly Output[]; readonly step: readonly Output[] },
): Output[] {
  const inStep = upstreamOf(step);
  /** A tensor in another shape is the same memory: who reads that is waited for. */
  const readsOf = (value: Output): Operation[] =>
    readersOf(value).flatMap(({ oper }) => {
      const reader = oper && inStep.get(oper);
      if (!reader) return [];
      return reader.type === 'Reshape' ? readsOf(reader.output(0)) : [reader];
    });
  return slopes.map((slope, index) => {
    const awaited = [...new Set(readsOf(values[index] as Output))];
    return awaited.length === 0 ? slope : identity(scope.after(...awaited), slope);
  });
}
