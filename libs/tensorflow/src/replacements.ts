/** Operations of our own in the place of TensorFlow's, in a graph that its rules have derived. */
import { canMoveInputs, moveReaders } from './edges.js';
import { upstreamOf } from './gradient-cuts.js';
import { hasNativeOperations } from './native-operations.js';
import type { Operation, Output } from './operation.js';
import { hasKernel } from './registry.js';

/**
 * Whether this process has operations of our own for those of TensorFlow. Not where the library computes on GPUs, which it
 * would be kept from, nor where there was no compiler at set-up.
 */
export function replacesOperations(): boolean {
  return hasNativeOperations() && canMoveInputs() && !hasKernel('Conv2D', 'GPU');
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
