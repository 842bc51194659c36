import { encodeJpeg } from '@bluewaters/images';
import { IndexArchive, Indexed, Indexes, InProcessBus, submitJob, type IngestResult } from '@bluewaters/messages';
import { createLogger, createRegistry, type ServicePorts } from '@bluewaters/service';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { IngestOptions, start } from './index.js';

function tar(name: string, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(512);
  head.write(name);
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('        0', 148);
  head.write(`${head.reduce((sum, byte) => sum + byte, 0).toString(8)}\0`, 148);
  return Buffer.concat([head, bytes, Buffer.alloc(-bytes.length & 511)]);
}

async function ports(store: MemoryStore): Promise<ServicePorts> {
  return {
    bus: new InProcessBus(),
    store,
    log: createLogger({ service: 'ingest', level: 'silent' }),
    metrics: createRegistry(),
  };
}

const request = {
  dataset: 'one',
  images: { key: 'Images.tar' },
  synsets: { key: 'synsets.txt' },
  maxRefused: 0,
  check: 'header' as const,
};

async function filledStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const picture = await encodeJpeg(new Uint8Array(64), { width: 8, height: 8, channels: 1, quality: 90 });
  await store.put('Images.tar', tar('n00000001.tar', tar('n00000001_1.JPEG', picture)));
  await store.put('synsets.txt', 'n00000001');
  return store;
}

describe('the ingest service', () => {
  it('does a job, tells of it, and fills the table again from the store when the bus has lost it', async () => {
    const store = await filledStore();
    const options = IngestOptions.parse({ scratch: await temporaryDirectory() });
    const first = await ports(store);
    const told: IngestResult[] = [];
    await first.bus.subscribe(Indexed, (index) => void told.push(index));
    const service = await start(options, first);
    const result = await submitJob(first.bus, IndexArchive, request, { job: 'ingest-one' });
    expect(result).toMatchObject({ dataset: 'one', examples: 1 });
    expect(told).toEqual([result]);
    expect((await (await first.bus.state(Indexes)).get('one'))?.value).toEqual(result);
    expect(await first.metrics.metrics()).toContain('bluewaters_ingest_images_total 1');
    await service.stop();

    const second = await ports(store);
    await (await second.bus.state(Indexes)).put('gone', { ...result, dataset: 'gone' });
    const again = await start(options, second);
    expect(again.readiness()).toEqual({ ready: true });
    expect((await (await second.bus.state(Indexes)).list()).map(({ value }) => value)).toEqual([result]);
    await again.stop();
  });

  it('keeps the index of another split beside that of train in the table, also when it fills it again', async () => {
    const store = await filledStore();
    const options = IngestOptions.parse({ scratch: await temporaryDirectory() });
    const first = await ports(store);
    const service = await start(options, first);
    const { synsets: _, ...rest } = request;
    await submitJob(first.bus, IndexArchive, request, { job: 'train' });
    await submitJob(first.bus, IndexArchive, { ...rest, split: 'validation' }, { job: 'validation' });
    const tableOf = async ({ bus }: ServicePorts): Promise<unknown[]> =>
      (await (await bus.state(Indexes)).list()).map(({ key, value }) => [key, value.indexKey]);
    const expected = [
      ['one', 'indexes/one/index.json'],
      ['one.validation', 'indexes/one/validation/index.json'],
    ];
    expect(await tableOf(first)).toEqual(expected);
    await service.stop();
    const second = await ports(store);
    const again = await start(options, second);
    expect(await tableOf(second)).toEqual(expected);
    await again.stop();
  });

  it('fails a job with the error of the archive', async () => {
    const store = await filledStore();
    const given = await ports(store);
    const service = await start(IngestOptions.parse({}), given);
    await store.put('Images.tar', 'text');
    await expect(submitJob(given.bus, IndexArchive, request, { job: 'bad' })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      details: expect.objectContaining({ file: 'Images.tar' }),
    });
    await service.stop();
    await service.stop();
  });
});
