import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { CodedError } from '@bluewaters/errors';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import {
  consumeJobs,
  IndexSynset,
  InProcessBus,
  Jobs,
  submitJob,
  type IngestRequest,
  type JobContext,
  type JobRecord,
  type Progress,
  type SynsetRequest,
} from '@bluewaters/messages';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory, until } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { indexArchive, type IndexContext } from '../index.js';
import { contents, writeOddArchive } from './spread.fixture.js';
import { takeUnits } from './take-units.js';

/** Asks for the same pictures in another way, or for some of them. */
async function inForm(form: string, request: IngestRequest, synsets: readonly string[]): Promise<IngestRequest> {
  const folder = await temporaryDirectory();
  const { path = '' } = request.images as { readonly path?: string };
  const [list, zipped] = [join(folder, 'list.txt'), join(folder, 'Images.tar.gz')];
  if (form === 'a gzip stream') {
    await writeFile(zipped, gzipSync(await readFile(path)));
    return { ...request, images: { path: zipped } };
  }
  if (form === 'a list of images') {
    await writeFile(list, synsets.map((synset) => `${synset} ${synset}_2\n${synset} ${synset}_55\n`).join(''));
    return { ...request, imageList: { path: list } };
  }
  if (form === 'a plain tar') return request;
  await promisify(execFile)('tar', ['-xf', path, '-C', folder]);
  return { ...request, images: { path: folder } };
}

describe('units of an archive', () => {
  let bus: InProcessBus;
  let store: MemoryStore;
  let scratch: string;

  beforeEach(async () => {
    [bus, store, scratch] = [new InProcessBus(() => {}), new MemoryStore(), await temporaryDirectory()];
  });
  afterEach(async () => {
    await bus.close();
  });

  const context = (signal = new AbortController().signal): IndexContext => ({
    ...{ store, scratch, signal, limits: DEFAULT_LIMITS, report: () => {}, spread: { bus, person: undefined } },
  });
  const unitJobs = async (): Promise<JobRecord[]> =>
    (await (await bus.state(Jobs)).list('synset-')).map(({ value }) => value);

  it.each(['a plain tar', 'a gzip stream', 'a folder', 'a list of images'] as const)(
    'give of %s what one process gives',
    async (form) => {
      const { request: plain, synsets } = await writeOddArchive();
      const request = await inForm(form, plain, synsets);
      const alone = new MemoryStore();
      const expected = await indexArchive(request, { ...context(), store: alone, spread: undefined });
      const worker = await takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS });
      expect(await indexArchive(request, context())).toEqual(expected);
      expect(await contents(store)).toEqual(await contents(alone));
      await worker.stop();
    },
  );

  it('are told as the work of as many as have one in hand', async () => {
    const { request } = await writeOddArchive();
    const phases: string[] = [];
    // Each of the two keeps what it has until both were heard of.
    const hold = async (_: SynsetRequest, { report }: JobContext): Promise<never> => {
      report({ phase: 'indexing', done: 0, total: 6, unit: 'images' });
      await until('both to be heard of', () => phases.includes('indexing by 2 workers'));
      throw new CodedError('ARCHIVE_INVALID', 'This worker is for holding units');
    };
    const holders = [await consumeJobs(bus, IndexSynset, hold), await consumeJobs(bus, IndexSynset, hold)];
    const report = ({ phase }: Progress): void => void phases.push(phase);
    await expect(indexArchive(request, { ...context(), report })).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    expect(phases).not.toContain('indexing by 3 workers');
    for (const holder of holders) await holder.stop();
  });

  it('are passed over by workers once the work on the archive was stopped, and done when it goes on', async () => {
    const { request, synsets } = await writeOddArchive();
    const stopping = new AbortController();
    const stopped = indexArchive(request, context(stopping.signal));
    await until('the units', async () => (await unitJobs()).length === synsets.length);
    stopping.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect((await unitJobs()).map(({ state }) => state)).toEqual(synsets.map(() => 'failed'));
    const worker = await takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS });
    await expect(indexArchive(request, context())).resolves.toMatchObject({ examples: 31 });
    expect(await unitJobs()).toEqual([]);
    await worker.stop();
  });

  it('are done again when the store has lost what their records say is done', async () => {
    const { request } = await writeOddArchive();
    const jobs = await bus.state(Jobs);
    const seen = new Map<string, JobRecord>();
    const watch = await jobs.watch('synset-', (key, record) => {
      if (record?.state === 'done') seen.set(key, record);
    });
    const worker = await takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS });
    await indexArchive(request, context());
    await watch.stop();
    const before = await contents(store);
    for (const [key, record] of seen) await jobs.put(key, record);
    for (const key of Object.keys(before)) await store.delete(key);
    await indexArchive(request, context());
    expect(await contents(store)).toEqual(before);
    await worker.stop();
  });

  it('are refused by a worker that sees another archive', async () => {
    const { request } = await writeOddArchive();
    const worker = await takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS });
    const unit = { request, archive: request.images, limits: DEFAULT_LIMITS, synset: 'n00000001' };
    const job = submitJob(bus, IndexSynset, { ...unit, identity: '0'.repeat(64) }, { job: 'other' });
    await expect(job).rejects.toMatchObject({ code: 'ARCHIVE_CHANGED', details: { got: 'others' } });
    expect(await contents(store)).toEqual({});
    await worker.stop();
  });

  it('are refused by a worker that looks at no pictures as large as they allow', async () => {
    const { request } = await writeOddArchive();
    const limits = { ...DEFAULT_LIMITS, maxPixels: DEFAULT_LIMITS.maxPixels - 1 };
    const worker = await takeUnits({ bus, store, scratch, limits });
    await expect(indexArchive(request, context())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await worker.stop();
  });

  it('fail the archive when worker after worker ends at the same one', async () => {
    const { request } = await writeOddArchive({ synsets: ['n00000001', 'n00000002', 'n00000003'] });
    const failure = indexArchive({ ...request, maxRefused: 3 }, context()).catch((error: unknown) => error);
    const taken: string[] = [];
    for (let deaths = 1; deaths <= 10; deaths += 1) {
      const mortal = await bus.work(IndexSynset, async ({ request: { synset } }, { signal }) => {
        taken.push(synset);
        await once(signal, 'abort');
        throw new CodedError('INTERRUPTED', 'As a worker that ends');
      });
      await until('the unit to be taken', () => taken.length === deaths);
      await mortal.stop();
    }
    expect(new Set(taken)).toEqual(new Set(['n00000001']));
    const worker = await takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS });
    expect(await failure).toMatchObject({ code: 'PROCESS_DIED' });
    await worker.stop();
  });
});
