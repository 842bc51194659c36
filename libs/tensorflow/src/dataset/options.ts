/** How a whole pipeline runs. */
import { create, toBinary } from '@bufbuild/protobuf';
import { OptionsSchema } from '../generated/tensorflow/core/framework/dataset_options_pb.js';
import type { Scope } from '../scope.js';
import { elementAttributes, type Dataset } from './dataset.js';

/** How a pipeline runs; it changes no element, but for their order where `deterministic` is false. */
export interface DatasetOptions {
  /** False lets every step of the pipeline give what is ready first; by default each step says so itself. */
  readonly deterministic?: boolean;
  /** Threads that belong to this pipeline alone; by default it shares those of the session. */
  readonly privateThreads?: number;
  /** Threads within one operation of the pipeline's functions; by default as many as the session gives. */
  readonly intraOpThreads?: number;
}

/**
 * The dataset with options, and always without TensorFlow's tuning of counts at run time. Every count here is given, so
 * there is nothing to tune; and its thread sleeps for longer and longer, up to a minute, which a restart of the iterator
 * has to wait out.
 */
export function withOptions(scope: Scope, dataset: Dataset, options: DatasetOptions = {}): Dataset {
  const { variant, elements } = dataset;
  const { deterministic, privateThreads, intraOpThreads } = options;
  const message = create(OptionsSchema, {
    autotuneOptions: { optionalEnabled: { case: 'enabled', value: false } },
    ...(deterministic !== undefined && {
      optionalDeterministic: { case: 'deterministic' as const, value: deterministic },
    }),
    ...((privateThreads !== undefined || intraOpThreads !== undefined) && {
      threadingOptions: {
        ...(privateThreads !== undefined && {
          optionalPrivateThreadpoolSize: { case: 'privateThreadpoolSize' as const, value: privateThreads },
        }),
        ...(intraOpThreads !== undefined && {
          optionalMaxIntraOpParallelism: { case: 'maxIntraOpParallelism' as const, value: intraOpThreads },
        }),
      },
    }),
  });
  const attributes = { ...elementAttributes(elements), serialized_options: toBinary(OptionsSchema, message) };
  return { variant: scope.op('OptionsDataset', { inputs: [variant], attributes }).output(), elements };
}
