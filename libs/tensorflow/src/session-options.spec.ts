import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ConfigProtoSchema, type ConfigProto } from './generated/tensorflow/core/protobuf/config_pb.js';
import { encodeConfig, type SessionOptions } from './session-options.js';

const configOf = (options: SessionOptions): ConfigProto => fromBinary(ConfigProtoSchema, encodeConfig(options));

describe('options of a session', () => {
  it('limit devices by their type', () => {
    expect(configOf({ deviceCount: { GPU: 0, CPU: 2 } }).deviceCount).toEqual({ GPU: 0, CPU: 2 });
  });

  it('take memory of a GPU as needed, and move operations, only when asked', () => {
    expect(configOf({ allowGrowth: true, softPlacement: true })).toMatchObject({
      gpuOptions: { allowGrowth: true },
      allowSoftPlacement: true,
    });
    expect(configOf({})).toMatchObject({ gpuOptions: { allowGrowth: false }, allowSoftPlacement: false });
  });

  it('leave rewriting on and the executor to TensorFlow unless told otherwise', () => {
    const config = configOf({ rewriteGraph: false, singleThreadedExecutor: true });
    expect(config.graphOptions?.rewriteOptions?.disableMetaOptimizer).toBe(true);
    expect(config.experimental?.executorType).toBe('SINGLE_THREADED_EXECUTOR');
    const usual = configOf({});
    expect(usual.graphOptions?.rewriteOptions?.disableMetaOptimizer).toBe(false);
    expect(usual.experimental?.executorType).toBe('');
  });

  it('give each number of threads between operations a pool of its own, and one thread none', () => {
    const pools = [2, 3, 2].map((interOpThreads) => configOf({ interOpThreads }).sessionInterOpThreadPool[0]!);
    expect(pools.map(({ numThreads }) => numThreads)).toEqual([2, 3, 2]);
    expect(new Set(pools.map(({ globalName }) => globalName)).size).toBe(2);
    expect(configOf({ interOpThreads: 1 })).toMatchObject({
      interOpParallelismThreads: -1,
      sessionInterOpThreadPool: [],
    });
  });
});
