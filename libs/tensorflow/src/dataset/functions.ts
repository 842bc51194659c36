/** Transformations of datasets that call a function for each element. */
import { GraphFunction, type ElementSpec } from '../graph-function.js';
import { defineFunction } from '../functions.js';
import type { Output } from '../operation.js';
import type { Scope } from '../scope.js';
import { elementAttributes, int64, type Count, type Dataset } from './dataset.js';

/** What is computed for each element: its outputs, from its values and then what was captured. */
export type ElementFunction = (scope: Scope, values: Output[]) => readonly Output[];

/** How a function runs over elements. */
export interface MapOptions {
  /** Calls at the same time; 1 by default. */
  readonly parallelism?: Count;
  /** Whether the order stays whatever the calls take; true by default. */
  readonly deterministic?: boolean;
  /** Outputs of the graph that the function gets behind each element's values, as they are when iteration begins. */
  readonly captured?: readonly Output[];
}

/**
 * The elements that a function makes of these.
 *
 * @param body Builds the function, or is one.
 */
export function map(
  scope: Scope,
  dataset: Dataset,
  body: ElementFunction | GraphFunction,
  { parallelism = 1, deterministic = true, captured = [] }: MapOptions = {},
): Dataset {
  const own = scope.child('ParallelMapDatasetV2');
  const called = body instanceof GraphFunction ? body : define(own, [...dataset.elements, ...captured], body);
  const operation = own.namesake('ParallelMapDatasetV2', {
    inputs: [dataset.variant, captured, int64(own, parallelism, 'num_parallel_calls')],
    attributes: {
      f: called,
      Targuments: captured.map(({ dtype }) => dtype),
      ...elementAttributes(called.outputs),
      deterministic: String(deterministic),
    },
  });
  return { variant: operation.output(), elements: called.outputs };
}

/** How datasets are read side by side. */
export interface InterleaveOptions {
  /** How many are open at the same time. */
  readonly cycleLength: Count;
  /** Elements taken from one before the next one's turn; 1 by default. */
  readonly blockLength?: Count;
}

/**
 * The elements of the datasets that a function opens, in turns, always in the same order.
 *
 * @param open For each element gives a dataset, such as `tfRecords` of a file; all alike.
 */
export function interleave(
  scope: Scope,
  dataset: Dataset,
  open: (scope: Scope, values: Output[]) => Dataset,
  { cycleLength, blockLength = 1 }: InterleaveOptions,
): Dataset {
  const own = scope.child('InterleaveDataset');
  let elements: readonly ElementSpec[] = [];
  const called = define(own, dataset.elements, (inner, values) => {
    const opened = open(inner, values);
    elements = opened.elements;
    return [opened.variant];
  });
  const counts = [int64(own, cycleLength, 'cycle_length'), int64(own, blockLength, 'block_length')];
  const operation = own.namesake('InterleaveDataset', {
    inputs: [dataset.variant, [], ...counts],
    attributes: { f: called, Targuments: [], ...elementAttributes(elements) },
  });
  return { variant: operation.output(), elements };
}

/** A function for one operation, which the operation's graph owns. */
function define(own: Scope, inputs: readonly ElementSpec[], body: ElementFunction): GraphFunction {
  const specs = inputs.map(({ dtype, shape }) => ({ dtype, shape }));
  const made = defineFunction(`${own.name.replaceAll('/', '_')}_body`, specs, body, { appendHash: true });
  own.graph.ownFunction(made);
  return made;
}
