import { createHash } from 'node:crypto';
import {
  BuildShards,
  DatasetCommitted,
  Datasets,
  InProcessBus,
  ShardWritten,
  submitJob,
  type BuildResult,
} from '@bluewaters/messages';
import { encodeIndexedExamples, encodeIndexEntry, indexKeys } from '@bluewaters/records';
import { createLogger, createRegistry, type ServicePorts } from '@bluewaters/service';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { ShardsOptions, start } from './index.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function ports(store: MemoryStore): ServicePorts {
  const log = createLogger({ service: 'shards', level: 'silent' });
  return { bus: new InProcessBus(), store, log, metrics: createRegistry() };
}

/** An index of four images of one class. @returns its digest. */
async function fill(store: MemoryStore): Promise<string> {
  const archive = Buffer.from('abcdefgh');
  await store.put('Images.tar', archive);
  const lines = encodeIndexedExamples(
    [0, 2, 4, 6].map((offset) => ({
      name: `n00000001_${offset}.JPEG`,
      offset,
      size: 2,
      sha256: sha256(archive.subarray(offset, offset + 2)),
      width: 1,
      height: 1,
      channels: 3,
    })),
  );
  await store.put(indexKeys.synset('one', 'n00000001'), lines);
  const entry = encodeIndexEntry({
    format: 'bluewaters.index.v1',
    dataset: 'one',
    archive: { key: 'Images.tar' },
    archiveSize: archive.length,
    synsets: [{ synset: 'n00000001', label: 1, words: 'one', examples: 4, sha256: sha256(lines) }],
    examples: 4,
    refused: 0,
    repaired: 0,
  });
  await store.put(indexKeys.entry('one'), entry);
  return sha256(entry);
}

describe('the shards service', () => {
  it('does a job, tells of each shard and of the dataset, and fills the table again from the store', async () => {
    const store = new MemoryStore();
    const index = await fill(store);
    const options = ShardsOptions.parse({ scratch: await temporaryDirectory() });
    const first = ports(store);
    const [written, committed]: [string[], BuildResult[]] = [[], []];
    await first.bus.subscribe(ShardWritten, ({ key }) => void written.push(key));
    await first.bus.subscribe(DatasetCommitted, (dataset) => void committed.push(dataset));
    const service = await start(options, first);
    const request = {
      dataset: 'one',
      index,
      validation: { kind: 'share', share: 0.25 },
      trainShards: 2,
      validationShards: 1,
      seed: 1,
    } as const;
    const result = await submitJob(first.bus, BuildShards, request, { job: 'build-one' });
    expect(result.splits.train).toMatchObject({ shards: 2, examples: 3 });
    expect(written).toEqual([
      'datasets/one/train-00000-of-00002',
      'datasets/one/train-00001-of-00002',
      'datasets/one/validation-00000-of-00001',
    ]);
    expect(committed).toEqual([result]);
    expect(await first.metrics.metrics()).toContain('bluewaters_shards_images_total 4');
    await service.stop();

    const second = ports(store);
    await (await second.bus.state(Datasets)).put('gone', { ...result, dataset: 'gone' });
    const again = await start(options, second);
    expect((await (await second.bus.state(Datasets)).list()).map(({ value }) => value)).toEqual([result]);
    await again.stop();
  });
});
