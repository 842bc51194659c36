/** Iterators: how a session takes elements out of a dataset. */
import { elementAttributes, type Dataset } from './dataset.js';
import { withOptions } from './options.js';
import type { Operation, Output } from '../operation.js';
import * as raw from '../generated/operations/index.js';
import { NAMESAKE, type Scope } from '../scope.js';

/** A dataset that a session is reading. */
export interface DatasetIterator {
  /** Starts over: run it before the first element and at every epoch, fed with what the dataset depends on. */
  readonly initializer: Operation;
  /** One output for each component; each run that uses any of them takes the next element. */
  readonly next: readonly Output[];
}

/** An iterator that says how long its elements were waited for. */
export interface TimedIterator extends DatasetIterator {
  /** float64 scalar, of the element of the same run: seconds from the start of the run until it was there. */
  readonly wait: Output<'float64'>;
}

/**
 * An iterator whose place is kept by the session. After the last element a run fails with an error that
 * `isEndOfSequence` knows.
 */
export function iterator(scope: Scope, dataset: Dataset, name = 'IteratorV2'): DatasetIterator {
  const own = scope.child(name);
  const { initializer, next } = iteratorIn(own, dataset);
  return { initializer, next: next(own) };
}

/**
 * An {@link iterator} with a clock before and behind each element. Nothing that takes the element starts before the second
 * was read, so that nothing else is counted; the clocks cost some microseconds a run.
 */
export function timedIterator(scope: Scope, dataset: Dataset, name = 'IteratorV2'): TimedIterator {
  const own = scope.child(name);
  const { initializer, next } = iteratorIn(own, dataset);
  const asked = raw.timestamp(own, { name: 'asked' });
  const elements = next(own.after(asked.operation));
  const given = raw.timestamp(own.after(...elements.map(({ operation }) => operation)), { name: 'given' });
  const behind = own.after(given.operation);
  return {
    initializer,
    next: elements.map((element) => raw.identity(behind, { input: element })),
    wait: raw.sub(own, { x: given, y: asked }, { name: 'wait' }),
  };
}

/** The iterator, and what adds the operation that takes an element. */
function iteratorIn(
  own: Scope,
  dataset: Dataset,
): { readonly initializer: Operation; readonly next: (scope: Scope) => readonly Output[] } {
  const attributes = elementAttributes(dataset.elements);
  const handle = raw.iteratorV2(own, { ...NAMESAKE, ...attributes, shared_name: own.name, container: '' });
  return {
    initializer: raw.makeIterator(own, { dataset: withOptions(own, dataset).variant, iterator: handle }),
    next: (scope) => raw.iteratorGetNext(scope, { iterator: handle }, attributes),
  };
}
