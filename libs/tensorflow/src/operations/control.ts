/** Operations that do nothing but order others. */
import type { DType } from '../dtypes.js';
import type { Operation, Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';

/** One operation that is done when all of these are; a session's target for a step. */
export function group(scope: Scope, operations: readonly Operation[], { name = 'group' }: Named = {}): Operation {
  return scope.after(...operations).op('NoOp', { name });
}

/** Does nothing, after the scope's control inputs. */
export function noOp(scope: Scope, { name }: Named = {}): Operation {
  return scope.op('NoOp', { name });
}

/** `x`, once these operations are done. */
export function identityAfter<D extends DType>(
  scope: Scope,
  operations: readonly Operation[],
  x: Output<D>,
  { name }: Named = {},
): Output<D> {
  return scope
    .after(...operations)
    .op('Identity', { name, inputs: [x] })
    .output();
}
