/** Transformations of datasets that call a function for each element. */
import { GraphFunction, type ElementSpec } from '../graph-function.js';
import { defineFunction } from '../functions.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Scope } from '../scope.js';
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
  const inputs = {
    input_dataset: dataset.variant,
    other_arguments: captured,
    num_parallel_calls: int64(own, parallelism, 'num_parallel_calls'),
  };
  const attributes = { f: called, ...elementAttributes(called.outputs), deterministic: String(deterministic) };
  return { variant: raw.parallelMapDatasetV2(own, inputs, { ...NAMESAKE, ...attributes }), elements: called.outputs };
}

/** How datasets are read side by side. */
export interface InterleaveOptions {
  /** How many are open at the same time. */
  readonly cycleLength: Count;
  /** Elements taken from one before the next one's turn; 1 by default. */
  readonly blockLength?: Count;
  /** Threads that read from them, `cycleLength` at most; by default none: an element is read when it is asked for. */
  readonly parallelism?: Count;
  /** With `parallelism`: whether the order stays whatever the reads take; true by default. */
  readonly deterministic?: boolean;
  /** Outputs of the graph that the function gets behind each element's values, as they are when iteration begins. */
  readonly captured?: readonly Output[];
}

/** Opens a dataset, such as `tfRecords` of a file, for one element: from its values and then what was captured. */
export type DatasetFunction = (scope: Scope, values: Output[]) => Dataset;

/**
 * The elements of the datasets that a function opens, in turns, always in the same order.
 *
 * @param open For each element gives a dataset; all alike.
 */
export function interleave(
  scope: Scope,
  dataset: Dataset,
  open: DatasetFunction,
  { cycleLength, blockLength = 1, parallelism, deterministic = true, captured = [] }: InterleaveOptions,
): Dataset {
  const type = parallelism === undefined ? 'InterleaveDataset' : 'ParallelInterleaveDatasetV4';
  const own = scope.child(type);
  const opener = defineOpener(own, [...dataset.elements, ...captured], open);
  const counts = [int64(own, cycleLength, 'cycle_length'), int64(own, blockLength, 'block_length')];
  // One turn is read ahead; `prefetch` says how much more, and where.
  const ahead = [int64(own, blockLength, 'buffer_output_elements'), int64(own, 0, 'prefetch_input_elements')];
  const threads = parallelism === undefined ? [] : [...ahead, int64(own, parallelism, 'num_parallel_calls')];
  const operation = own.op(type, {
    ...NAMESAKE,
    inputs: [dataset.variant, captured, ...counts, ...threads],
    attributes: {
      f: opener.called,
      ...elementAttributes(opener.elements),
      ...(parallelism !== undefined && { deterministic: String(deterministic) }),
    },
  });
  return { variant: operation.output(), elements: opener.elements };
}

/** The elements of the datasets that a function opens, one dataset after the other. */
export function flatMap(
  scope: Scope,
  dataset: Dataset,
  open: DatasetFunction,
  { captured = [] }: Pick<InterleaveOptions, 'captured'> = {},
): Dataset {
  const own = scope.child('FlatMapDataset');
  const opener = defineOpener(own, [...dataset.elements, ...captured], open);
  const inputs = { input_dataset: dataset.variant, other_arguments: captured };
  const attributes = { ...NAMESAKE, f: opener.called, ...elementAttributes(opener.elements) };
  return { variant: raw.flatMapDataset(own, inputs, attributes), elements: opener.elements };
}

/**
 * The elements for which a function says so.
 *
 * @param predicate Gives one bool scalar for each element, from its values and then what was captured.
 */
export function filter(
  scope: Scope,
  dataset: Dataset,
  predicate: (scope: Scope, values: Output[]) => Output,
  { captured = [] }: Pick<MapOptions, 'captured'> = {},
): Dataset {
  const own = scope.child('FilterDataset');
  const called = define(own, [...dataset.elements, ...captured], (inner, values) => [predicate(inner, values)]);
  const inputs = { input_dataset: dataset.variant, other_arguments: captured };
  const attributes = { ...NAMESAKE, predicate: called, ...elementAttributes(dataset.elements) };
  return { ...dataset, variant: raw.filterDataset(own, inputs, attributes) };
}

/** A function that opens datasets, and what their elements are. */
interface Opener {
  readonly called: GraphFunction;
  readonly elements: readonly ElementSpec[];
}

function defineOpener(own: Scope, inputs: readonly ElementSpec[], open: DatasetFunction): Opener {
  let elements: readonly ElementSpec[] = [];
  const called = define(own, inputs, (inner, values) => {
    const opened = open(inner, values);
    elements = opened.elements;
    return [opened.variant];
  });
  return { called, elements };
}

/** A function for one operation, which the operation's graph owns. */
function define(own: Scope, inputs: readonly ElementSpec[], body: ElementFunction): GraphFunction {
  const specs = inputs.map(({ dtype, shape }) => ({ dtype, shape }));
  const made = defineFunction(`${own.name.replaceAll('/', '_')}_body`, specs, body, { appendHash: true });
  own.graph.ownFunction(made);
  return made;
}
