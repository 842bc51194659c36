import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { InProcessBus, IngestRequest, Jobs } from '@bluewaters/messages';
import { MemoryStore } from '@bluewaters/storage';
import { syntheticArchive, syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { indexArchive, type IndexContext } from '../index.js';
import { contents, synsetIds } from './spread.fixture.js';
import { takeUnits } from './take-units.js';

/** A picture or two a part. */
const PART_BYTES = 3_000;

/** One synset with a picture that comes twice, a name that comes twice, damage, and boxes; another one beside it. */
async function writeArchive(cutAt?: number): Promise<IngestRequest> {
  const [synset = '', ...others] = synsetIds(2);
  const again = await syntheticJpeg({ seed: 7 });
  const member = (name: string, bytes: Uint8Array) => ({ synset, member: { name: `${synset}_${name}.JPEG`, bytes } });
  const extras = [
    member('80', again),
    member('81', Buffer.from('no picture')),
    member('82', await syntheticJpeg({ seed: 8 })),
    member('83', await syntheticJpeg({ channels: 4, seed: 9 })),
    member('80', again),
    member('82', await syntheticJpeg({ seed: 10 })),
    member('84', Buffer.from('none either')),
  ];
  const made = await syntheticArchive({ synsets: [synset, ...others], imagesPerSynset: 20, extras });
  const folder = await temporaryDirectory();
  const write = async (name: string, bytes: string | Uint8Array): Promise<{ path: string }> => {
    await writeFile(join(folder, name), bytes);
    return { path: join(folder, name) };
  };
  const boxes = [1, 5, 19, 80, 82, 99].map((n) => `${synset}_${n}.JPEG,0.1,0.2,0.6,0.7\n`).join('');
  return IngestRequest.parse({
    dataset: 'd',
    images: await write('Images.tar', made.archive.subarray(0, cutAt)),
    words: await write('words.txt', made.words),
    boxes: await write('boxes.csv', boxes),
    maxRefused: 9,
  });
}

async function asFolder(request: IngestRequest, everything: boolean): Promise<IngestRequest> {
  const folder = await temporaryDirectory();
  const tar = async (...args: string[]): Promise<unknown> => promisify(execFile)('tar', args);
  const { path = '' } = request.images as { readonly path?: string };
  await tar('-xf', path, '-C', folder);
  if (everything) {
    const script = 'for f in n*.tar; do d=${f%.tar}; mkdir $d; tar -xf $f -C $d; rm $f; done';
    await promisify(execFile)('sh', ['-c', script], { cwd: folder });
  }
  return { ...request, images: { path: folder } };
}

describe('a synset that is given out in parts', () => {
  let bus: InProcessBus;
  let scratch: string;
  let taken: string[];

  beforeEach(async () => {
    [bus, scratch, taken] = [new InProcessBus(() => {}), await temporaryDirectory(), []];
    const jobs = await bus.state(Jobs);
    await jobs.watch('synset-', (job, record) => {
      if (record?.state === 'done') taken.push(job);
    });
  });
  afterEach(async () => {
    await bus.close();
  });

  const context = (store: MemoryStore): IndexContext => ({
    ...{ store, scratch, limits: DEFAULT_LIMITS, report: () => {}, signal: new AbortController().signal },
  });

  /** By two workers, and by one process alone. */
  const both = async (request: IngestRequest) => {
    const [alone, store] = [new MemoryStore(), new MemoryStore()];
    const outcome = (promise: Promise<unknown>): Promise<unknown> =>
      promise.catch((error: unknown) => error instanceof Error && { ...error, message: error.message });
    const expected = await outcome(indexArchive(request, context(alone)));
    const workers = [1, 2].map(() => takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS }));
    const spread = { bus, person: undefined, partBytes: PART_BYTES };
    const found = await outcome(indexArchive(request, { ...context(store), spread }));
    for (const worker of workers) await (await worker).stop();
    return { expected, found, bytes: await contents(store), aloneBytes: await contents(alone) };
  };

  it.each([
    ['a tar of tars', async (request: IngestRequest) => request],
    ['a folder of tars', async (request: IngestRequest) => asFolder(request, false)],
    ['folders of pictures', async (request: IngestRequest) => asFolder(request, true)],
  ])('is what one process finds, of %s', async (_, inForm) => {
    const { expected, found, bytes, aloneBytes } = await both(await inForm(await writeArchive()));
    expect(found).toMatchObject({ refused: expect.any(Number) as number });
    expect(found).toEqual(expected);
    expect(bytes).toEqual(aloneBytes);
    expect(new Set(taken).size).toBeGreaterThan(4);
  });

  it('is whole where its tar is cut, since nobody knows where what follows begins', async () => {
    const { expected, found, bytes, aloneBytes } = await both(await writeArchive(20_000));
    expect(found).toEqual(expected);
    expect(bytes).toEqual(aloneBytes);
    expect(bytes['indexes/d/refused.jsonl']).toContain('ARCHIVE_TRUNCATED');
    expect(new Set(taken).size).toBeLessThan(3);
  });

  it('fails with the refusal that is one too many in its order, whichever part has it', async () => {
    for (const maxRefused of [0, 1, 2]) {
      const { expected, found } = await both({ ...(await writeArchive()), maxRefused });
      expect(found).toEqual(expected);
      expect(found).toMatchObject({ code: expect.any(String) as string });
    }
  });

  it('keeps what workers have found for whoever goes on, and nothing when all is done', async () => {
    const request = await writeArchive();
    const store = new MemoryStore();
    const spread = { bus, person: undefined, partBytes: PART_BYTES };
    const stopping = new AbortController();
    let given = 0;
    const stopAfterFour = (): void => void (++given === 4 && stopping.abort());
    const worker = await takeUnits({ bus, store, scratch, limits: DEFAULT_LIMITS });
    const counting = await bus.state(Jobs);
    const watch = await counting.watch('synset-', (_, record) => record?.state === 'done' && stopAfterFour());
    await indexArchive(request, { ...context(store), spread, signal: stopping.signal }).catch(() => undefined);
    await watch.stop();
    const partKeys = async (): Promise<string[]> =>
      Object.keys(await contents(store)).filter((key) => key.includes('/parts/'));
    expect((await partKeys()).length).toBeGreaterThan(2);
    const again = await indexArchive(request, { ...context(store), spread });
    await worker.stop();
    expect(await partKeys()).toEqual([]);
    expect(again).toEqual(await indexArchive(request, context(new MemoryStore())));
  });
});
