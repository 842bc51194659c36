/** Operations that do nothing but order others. */
import type { DType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Operation, Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';

/** One operation that is done when all of these are; a session's target for a step. */
export function group(scope: Scope, operations: readonly Operation[], { name = 'group' }: Named = {}): Operation {
  return raw.noOp(scope.after(...operations), { name });
}

/** Does nothing, after the scope's control inputs. */
export function noOp(scope: Scope, options: Named = {}): Operation {
  return raw.noOp(scope, options);
}

/** `x`, once these operations are done. */
export function identityAfter<D extends DType>(
  scope: Scope,
  operations: readonly Operation[],
  x: Output<D>,
  options: Named = {},
): Output<D> {
  return raw.identity(scope.after(...operations), { input: x }, options);
}
