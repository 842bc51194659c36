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

/**
 * An iterator whose place is kept by the session. After the last element a run fails with an error that
 * `isEndOfSequence` knows.
 */
export function iterator(scope: Scope, dataset: Dataset, name = 'IteratorV2'): DatasetIterator {
  const own = scope.child(name);
  const attributes = elementAttributes(dataset.elements);
  const handle = raw.iteratorV2(own, { ...NAMESAKE, ...attributes, shared_name: own.name, container: '' });
  return {
    initializer: raw.makeIterator(own, { dataset: withOptions(own, dataset).variant, iterator: handle }),
    next: raw.iteratorGetNext(own, { iterator: handle }, attributes),
  };
}
