import { create, toBinary } from '@bufbuild/protobuf';
import { OptionsSchema } from '../generated/tensorflow/core/framework/dataset_options_pb.js';
import type { Scope } from '../scope.js';
import { elementAttributes, type Dataset } from './dataset.js';

/**
 * The dataset without TensorFlow's tuning of counts at run time. Every count here is given, so there is nothing to tune;
 * and its thread sleeps for longer and longer, up to a minute, which a restart of the iterator has to wait out.
 */
export function withoutTuning(scope: Scope, { variant, elements }: Dataset): Dataset {
  const options = create(OptionsSchema, {
    autotuneOptions: { optionalEnabled: { case: 'enabled', value: false } },
  });
  const attributes = { ...elementAttributes(elements), serialized_options: toBinary(OptionsSchema, options) };
  return { variant: scope.op('OptionsDataset', { inputs: [variant], attributes }).output(), elements };
}
