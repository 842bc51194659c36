/** Transformations of datasets that compute nothing: order, number, grouping, and when elements are made. */
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Scope } from '../scope.js';
import { batchedShape } from '../shape.js';
import { elementAttributes, int64, type Count, type Dataset } from './dataset.js';
import { range } from './sources.js';

/** Adds an operation named after `type` whose constants are in its own scope, and that gives a dataset. */
function transformed(
  scope: Scope,
  type: string,
  { variant, elements }: Dataset,
  inputsAndFlags: (own: Scope) => {
    readonly inputs: readonly Output[];
    readonly flags?: Readonly<Record<string, boolean>>;
  },
): Dataset {
  const own = scope.child(type);
  const { inputs, flags } = inputsAndFlags(own);
  const attributes = { ...elementAttributes(elements), ...flags };
  const operation = own.op(type, { ...NAMESAKE, inputs: [variant, ...inputs], attributes });
  return { variant: operation.output(), elements };
}

/** How elements are shuffled. */
export interface ShuffleOptions {
  /** How many elements are held and drawn from; at least all of them for a true shuffle. */
  readonly bufferSize: Count;
  /** Two numbers; equal ones give the same order. An Output can be fed anew each epoch. Both 0 means any order. */
  readonly seed: readonly [Count, Count];
  /** Whether a repetition within one run of the iterator draws another order; false by default. */
  readonly reshuffleEachIteration?: boolean;
}

/** The elements in random order. */
export function shuffle(scope: Scope, dataset: Dataset, options: ShuffleOptions): Dataset {
  const { bufferSize, seed, reshuffleEachIteration = false } = options;
  return transformed(scope, 'ShuffleDatasetV3', dataset, (own) => {
    const seeds = [int64(own, seed[0], 'seed'), int64(own, seed[1], 'seed2')];
    const reshuffle = own.constant(reshuffleEachIteration, { name: 'reshuffle' });
    // The dataset holds it; a generator that it makes itself it misses, loudly, when the session goes.
    const generator = own.op('AnonymousSeedGenerator', { inputs: [...seeds, reshuffle] }).output();
    return {
      inputs: [int64(own, bufferSize, 'buffer_size'), ...seeds, generator],
      flags: { reshuffle_each_iteration: reshuffleEachIteration },
    };
  });
}

/** Without the first `count` elements. */
export function skip(scope: Scope, dataset: Dataset, count: Count): Dataset {
  return transformed(scope, 'SkipDataset', dataset, (own) => ({ inputs: [int64(own, count, 'count')] }));
}

/** At most the first `count` elements; all for -1. */
export function take(scope: Scope, dataset: Dataset, count: Count): Dataset {
  return transformed(scope, 'TakeDataset', dataset, (own) => ({ inputs: [int64(own, count, 'count')] }));
}

/** The elements `count` times over; for ever by default. */
export function repeat(scope: Scope, dataset: Dataset, count: Count = -1): Dataset {
  return transformed(scope, 'RepeatDataset', dataset, (own) => ({ inputs: [int64(own, count, 'count')] }));
}

/** Kept once they were computed, in memory or, for a path, in files that outlive the session. */
export function cache(scope: Scope, dataset: Dataset, path = ''): Dataset {
  return transformed(scope, 'CacheDatasetV2', dataset, (own) => ({
    inputs: [own.constant(path, { name: 'filename' }), own.op('AnonymousMemoryCache').output()],
  }));
}

/** Computed up to `bufferSize` elements ahead, while the session works on others. */
export function prefetch(scope: Scope, dataset: Dataset, bufferSize: Count): Dataset {
  return transformed(scope, 'PrefetchDataset', dataset, (own) => ({ inputs: [int64(own, bufferSize, 'buffer_size')] }));
}

/** How elements are put together. */
export interface BatchOptions {
  /** Elements in a batch; a number makes shapes known when the last batch is dropped. */
  readonly size: Count;
  /** Whether a last batch that is not full is left out; false by default. */
  readonly dropRemainder?: boolean;
}

/** Elements of equal shapes stacked along a new first axis. */
export function batch(scope: Scope, dataset: Dataset, { size, dropRemainder = false }: BatchOptions): Dataset {
  const length = dropRemainder && typeof size !== 'object' ? Number(size) : null;
  const elements = dataset.elements.map(({ dtype, shape }) => ({ dtype, shape: batchedShape(length, shape) }));
  const own = scope.child('BatchDatasetV2');
  const inputs = {
    input_dataset: dataset.variant,
    batch_size: int64(own, size, 'batch_size'),
    drop_remainder: own.constant(dropRemainder, { name: 'drop_remainder' }),
  };
  return { variant: raw.batchDatasetV2(own, inputs, { ...NAMESAKE, ...elementAttributes(elements) }), elements };
}

/** Elements of several datasets side by side, until the first one ends. */
export function zip(scope: Scope, datasets: readonly Dataset[]): Dataset {
  const elements = datasets.flatMap((dataset) => dataset.elements);
  const inputs = { input_datasets: datasets.map(({ variant }) => variant) };
  return { variant: raw.zipDataset(scope, inputs, elementAttributes(elements)), elements };
}

/** Every `count`-th element, beginning with number `index`: one of `count` parts of equal size, but for the last ones. */
export function shard(
  scope: Scope,
  dataset: Dataset,
  { count, index }: { readonly count: Count; readonly index: Count },
): Dataset {
  return transformed(scope, 'ShardDataset', dataset, (own) => ({
    inputs: [int64(own, count, 'num_shards'), int64(own, index, 'index')],
    flags: { require_non_empty: false },
  }));
}

/** The elements of one dataset, then those of the other, which must be alike. */
export function concatenate(scope: Scope, first: Dataset, second: Dataset): Dataset {
  return transformed(scope, 'ConcatenateDataset', first, () => ({ inputs: [second.variant] }));
}

/** Each element behind its number, an int64 scalar from `start` on. */
export function enumerate(scope: Scope, dataset: Dataset, start: Count = 0): Dataset {
  const own = scope.child('enumerate');
  return zip(own, [range(own, start, 2n ** 63n - 1n), dataset]);
}

/** The rows of batches, one by one: what `batch` does, undone. */
export function unbatch(scope: Scope, dataset: Dataset): Dataset {
  const elements = dataset.elements.map(({ dtype, shape }) => ({ dtype, shape: shape?.slice(1) }));
  const inputs = { input_dataset: dataset.variant };
  return { variant: raw.unbatchDataset(scope, inputs, elementAttributes(elements)), elements };
}
