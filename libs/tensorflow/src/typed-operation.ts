/** What the functions in `generated/operations` are made of. */
import type { AttributeValue } from './attributes.js';
import type { DType } from './dtypes.js';
import { native } from './native.js';
import type { OperationInput } from './op-builder.js';
import type { Operation, Output } from './operation.js';
import type { Named, Scope } from './scope.js';
import { checked } from './status.js';

/** An input that tells the compiler its dtype `D`, which must be one of `Allowed`; a plain `Output` passes. */
export type Input<D extends DType, Allowed extends DType> = Output<D> & Output<Allowed>;

/**
 * Adds an operation.
 *
 * @param options Its attributes stand beside its name.
 */
export function added(scope: Scope, type: string, inputs: readonly OperationInput[], options: Named): Operation {
  const { name, ...attributes } = options as Named & Readonly<Record<string, AttributeValue>>;
  return scope.op(type, { name, inputs, attributes });
}

/**
 * The outputs of an operation of which some are lists.
 *
 * @param fields In the order of the operation's definition: whether an output is a list.
 */
export function outputLists<Fields extends Readonly<Record<string, boolean>>>(
  operation: Operation,
  fields: Fields,
): { [Name in keyof Fields]: Fields[Name] extends true ? Output[] : Output } {
  const { outputs } = operation;
  const named = Object.entries(fields).map(([name, isList]) => {
    const [first, ...rest] = outputs.splice(0, isList ? listLength(operation, name) : 1);
    return [name, isList ? [first, ...rest].filter((output) => output !== undefined) : first];
  });
  return Object.fromEntries(named) as { [Name in keyof Fields]: Fields[Name] extends true ? Output[] : Output };
}

function listLength(operation: Operation, name: string): number {
  return checked(
    (status) => native().TF_OperationOutputListLength(operation.pointer, name, status),
    (failure) => failure,
  );
}
