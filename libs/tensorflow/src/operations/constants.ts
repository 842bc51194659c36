/** Numbers that operations take as inputs: lengths, axes, shapes. Each is in the scope of its operation's name, as Python has it. */
import type { Output } from '../operation.js';
import type { Scope } from '../scope.js';

/** int32 [values]: a constant. */
export function vector(scope: Scope, values: readonly number[], name: string): Output<'int32'> {
  return scope.constant(Int32Array.from(values), { name });
}

/** int32, a scalar: a constant. */
export function scalar(scope: Scope, value: number, name: string): Output<'int32'> {
  return scope.constant(value, { dtype: 'int32', name });
}
