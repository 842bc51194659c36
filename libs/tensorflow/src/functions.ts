/** Making functions from graphs. */
import { CodedError } from '@bluewaters/errors';
import { GraphFunction, type ElementSpec } from './graph-function.js';
import { Graph } from './graph.js';
import { Handle } from './handles.js';
import { native } from './native.js';
import type { Output } from './operation.js';
import type { Scope } from './scope.js';
import { checkedPointer } from './status.js';

/** How a function is named. */
export interface FunctionOptions {
  /** Adds a digest of the body to the name, so that two functions are never taken for one another. */
  readonly appendHash?: boolean;
}

/**
 * Builds a function in a graph of its own. Other functions that its operations call must live as long as this one.
 *
 * @param name A letter, then letters, digits, '_', '.', '-' or '/'; unique in the graphs that use it.
 * @param inputs What it is called with, in order.
 * @param body Adds operations to the scope that it is given, and says which outputs the function returns.
 * @throws {CodedError} GRAPH_INVALID when TensorFlow refuses the body or the name.
 */
export function defineFunction(
  name: string,
  inputs: readonly ElementSpec[],
  body: (scope: Scope, inputs: Output[]) => readonly Output[],
  { appendHash = false }: FunctionOptions = {},
): GraphFunction {
  using graph = new Graph();
  const scope = graph.scope();
  const parameters = inputs.map(({ dtype, shape }, i) => scope.placeholder(dtype, shape, { name: `argument_${i}` }));
  const results = body(scope, parameters);
  const outputs = results.map(({ dtype, shape }) => ({ dtype, shape }));
  const handle = convert(graph, { name, appendHash }, parameters, results);
  return new GraphFunction(handle, {
    name: native().TF_FunctionName(handle.pointer),
    inputs,
    outputs,
    dependencies: graph.functions,
    owned: graph.releaseFunctions(),
  });
}

function convert(
  graph: Graph,
  { name, appendHash }: { readonly name: string; readonly appendHash: boolean },
  inputs: readonly Output[],
  outputs: readonly Output[],
): Handle {
  const { TF_GraphToFunction, TF_DeleteFunction } = native();
  const inOrder = (list: readonly Output[]) => [list.length, list.map((output) => output.native)] as const;
  const naming = [name, appendHash ? 1 : 0] as const;
  const allOperations = [-1, null] as const;
  const defaults = [null, null, null] as const;
  const pointer = checkedPointer(
    (status) =>
      TF_GraphToFunction(
        ...([
          graph.pointer,
          ...naming,
          ...allOperations,
          ...inOrder(inputs),
          ...inOrder(outputs),
          ...defaults,
          status,
        ] as const),
      ),
    (failure) => new CodedError('GRAPH_INVALID', `function '${name}': ${failure.message}`, { cause: failure }),
  );
  return new Handle('function', pointer, TF_DeleteFunction);
}
