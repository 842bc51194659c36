import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { IndexArchive, InProcessBus, Jobs, submitJob, type IngestRequest, type Progress } from '@bluewaters/messages';
import { createLogger, createRegistry, type RunningService } from '@bluewaters/service';
import { DirectoryStore } from '@bluewaters/storage';
import { temporaryDirectory, until } from '@bluewaters/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { IngestOptions, start } from '../index.js';
import { contents, synsetIds, writeOddArchive } from './spread.fixture.js';

/** Ingest with a bus and a store of its own. */
interface Ingest {
  readonly bus: InProcessBus;
  readonly store: DirectoryStore;
  readonly service: RunningService;
  readonly progress: Progress[];
  index(request: IngestRequest): Promise<unknown>;
}

const running: Ingest[] = [];

async function ingest(workers: number): Promise<Ingest> {
  const [path, scratch] = [await temporaryDirectory(), await temporaryDirectory()];
  const [bus, store] = [new InProcessBus(), new DirectoryStore(path)];
  const log = createLogger({ service: 'ingest', level: 'silent' });
  const options = IngestOptions.parse({ workers, scratch, store: { kind: 'directory', path } });
  const service = await start(options, { bus, store, log, metrics: createRegistry() });
  const progress: Progress[] = [];
  const onRecord = (record: { readonly progress?: Progress | undefined }): void => {
    if (record.progress) progress.push(record.progress);
  };
  const index = (request: IngestRequest): Promise<unknown> =>
    submitJob(bus, IndexArchive, request, { job: `ingest-${randomUUID()}`, onRecord });
  const made = { bus, store, service, progress, index };
  running.push(made);
  return made;
}

afterEach(async () => {
  for (const { service, bus } of running.splice(0)) {
    await service.stop();
    await bus.close();
  }
});

/** Ids of the processes that this one has started as workers. */
async function workerIds(): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]);
  return stdout
    .split('\n')
    .filter((line) => line.includes('worker.main.js'))
    .map((line) => Number.parseInt(line, 10));
}

describe('ingest with workers', { timeout: 120_000 }, () => {
  it('gives the same bytes for one, two and three as without any, and leaves no unit behind', async () => {
    const { request } = await writeOddArchive();
    const alone = await ingest(0);
    const expected = await alone.index(request);
    expect(expected).toMatchObject({ examples: 31, repaired: 1, refused: 1, boxes: 5 });
    const bytes = await contents(alone.store);
    let started = 0;
    for (const workers of [1, 2, 3]) {
      const several = await ingest(workers);
      expect(await several.index(request)).toEqual(expected);
      expect(await contents(several.store)).toEqual(bytes);
      started += workers;
      expect(await workerIds()).toHaveLength(started);
      const jobs = await (await several.bus.state(Jobs)).list();
      expect(jobs.map(({ value }) => value.work)).toEqual(['ingest.v1.index']);
    }
  });

  it('takes up what is there, by whatever number of workers it was made', async () => {
    const { request } = await writeOddArchive();
    const { index, store, progress } = await ingest(2);
    const result = await index(request);
    const bytes = await contents(store);
    progress.length = 0;
    expect(await index({ ...request, maxRefused: 4 })).toEqual(result);
    expect(await contents(store)).toEqual(bytes);
    expect(progress.filter(({ phase }) => phase.includes('worker'))).toEqual([]);
  });

  it('tells how far all workers together have come', async () => {
    const { request } = await writeOddArchive({ synsets: synsetIds(8), imagesPerSynset: 100 });
    const { index, progress } = await ingest(2);
    await index(request);
    const counts = progress.map(({ done }) => done);
    expect(counts).toEqual([...counts].sort((one, other) => one - other));
    expect(progress.at(-1)).toMatchObject({ phase: 'indexed', done: 802, total: 802 });
  });

  it.each([
    ['a member that is no picture', {}],
    ['an archive that is cut', { cutAt: 12_000 }],
  ])('fails for %s with the error of one process', async (_, damage) => {
    const { request } = await writeOddArchive(damage);
    const failures = [];
    for (const workers of [0, 2]) {
      const { index, store } = await ingest(workers);
      const failure: unknown = await index({ ...request, maxRefused: 0 }).catch((error: unknown) => error);
      failures.push(failure instanceof Error && { ...failure, message: failure.message });
      expect(Object.keys(await contents(store))).not.toContain('indexes/odd/index.json');
    }
    expect(failures[0]).toMatchObject({ details: { file: expect.stringContaining('Images.tar') } });
    expect(failures[1]).toEqual(failures[0]);
  });

  it('reports the damage of an archive as one process does, where it may be left out', async () => {
    const { request } = await writeOddArchive({ cutAt: 12_000 });
    const [one, two] = [await ingest(0), await ingest(2)];
    expect(await two.index(request)).toEqual(await one.index(request));
    const bytes = await contents(one.store);
    expect(bytes['indexes/odd/refused.jsonl']).toContain('ARCHIVE_TRUNCATED');
    expect(await contents(two.store)).toEqual(bytes);
  });

  it('ends well when every worker is killed in mid-work', async () => {
    const { request } = await writeOddArchive({ synsets: synsetIds(6), imagesPerSynset: 150 });
    const [alone, several] = [await ingest(0), await ingest(2)];
    const expected = await alone.index(request);
    const result = several.index(request);
    const units = await several.bus.state(Jobs);
    const isBegun = async (): Promise<boolean> =>
      (await units.list('synset-')).some(({ value }) => value.state === 'running');
    await until('a unit to be in work', isBegun);
    (await workerIds()).forEach((id) => process.kill(id, 'SIGKILL'));
    expect(await result).toEqual(expected);
    expect(await contents(several.store)).toEqual(await contents(alone.store));
  });

  it('refuses workers that could not see the store', async () => {
    const log = createLogger({ service: 'ingest', level: 'silent' });
    const [bus, store] = [new InProcessBus(), new DirectoryStore(await temporaryDirectory())];
    const options = IngestOptions.parse({ workers: 2, store: { kind: 'memory' } });
    await expect(start(options, { bus, store, log, metrics: createRegistry() })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
