/** Operations of our own in the place of TensorFlow's, in a graph that its rules have derived. */
import { canMoveInputs, moveReaders } from './edges.js';
import { upstreamOf } from './gradient-cuts.js';
import { computesByNativeOperations } from './native-operations.js';
import type { Operation, Output } from './operation.js';

/** Whether operations of our own take the place of TensorFlow's: where this process computes by them and edges can be moved. */
export function replacesOperations(): boolean {
  return computesByNativeOperations() && canMoveInputs();
}

/**
 * Lets what reads operations on the way to some outputs read others instead, if this process {@link replacesOperations}.
 *
 * @param ys No session has run them.
 * @param replacementOf Asked for each operation, inputs first: what to read instead of its outputs, in their order;
 * undefined leaves it as it is.
 * @returns What to use instead of `ys`.
 */
export function replaceOperations(
  ys: readonly Output[],
  replacementOf: (operation: Operation) => readonly Output[] | undefined,
): Output[] {
  if (!replacesOperations()) return [...ys];
  const instead = new Map<string, Output>();
  for (const operation of upstreamOf(ys).values()) {
    replacementOf(operation)?.forEach((ours, i) => {
      const output = operation.output(i);
      instead.set(output.name, ours);
      moveReaders(output, ours);
    });
  }
  return ys.map((y) => instead.get(y.name) ?? y);
}
