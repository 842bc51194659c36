/** Edges of a graph, and moving them. */
import { CodedError, toCodedError } from '@bluewaters/errors';
import type { Graph } from './graph.js';
import { native, type NativeOutput } from './native.js';
import { Operation, type Output } from './operation.js';
import { checked } from './status.js';

/** The inputs of operations that read an output. */
export function readersOf(output: Output): NativeOutput[] {
  const { TF_OperationOutputNumConsumers, TF_OperationOutputConsumers } = native();
  const count = TF_OperationOutputNumConsumers(output.native);
  const readers = Array.from({ length: count }, (): NativeOutput => ({ oper: null, index: 0 }));
  if (count > 0) TF_OperationOutputConsumers(output.native, readers, count);
  return readers;
}

/** The operations that read an output, but for those that read only its shape. */
export function readingOperations(output: Output): Operation[] {
  return readersOf(output)
    .flatMap(({ oper }) => (oper ? [new Operation(output.operation.graph, oper)] : []))
    .filter(({ type }) => type !== 'Shape');
}

/** What reads an output, when nothing else but its shape is read and it is of that type. */
export function onlyReader(output: Output, type: string): Operation | undefined {
  const [reader, ...others] = readingOperations(output);
  return others.length === 0 && reader?.type === type ? reader : undefined;
}

/**
 * Lets an input read another output.
 *
 * @throws {CodedError} GRAPH_INVALID when the library refuses it; TENSORFLOW_MISSING when it cannot do so.
 */
export function moveInput(graph: Graph, to: Output, reader: NativeOutput): void {
  checked(
    (status) => native().TF_UpdateEdge(graph.pointer, to.native, reader, status),
    (failure) =>
      new CodedError('GRAPH_INVALID', `an edge of the graph could not be moved: ${failure.message}`, {
        cause: failure,
      }),
  );
}

/** Lets everything that reads an output read another one instead, of its dtype and shape. */
export function moveReaders(from: Output, to: Output): void {
  for (const reader of readersOf(from)) moveInput(from.operation.graph, to, reader);
}

/** Whether the library can move edges: since 2.4. */
export function canMoveInputs(): boolean {
  try {
    return native().TF_UpdateEdge !== undefined;
  } catch (error) {
    if (toCodedError(error).code === 'TENSORFLOW_MISSING') return false;
    throw error;
  }
}
