import { gzipSync } from 'node:zlib';
import { CodedError } from '@bluewaters/errors';
import { DEFAULT_LIMITS, encodeJpeg } from '@bluewaters/images';
import type { IngestRequest, Progress } from '@bluewaters/messages';
import { indexKeys, parseIndexedExamples, parseIndexEntry } from '@bluewaters/records';
import { DirectoryStore, MemoryStore, type ByteRange, type ObjectStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { indexArchive, listIndexes, type IndexContext } from './index.js';

interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function tar(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, bytes }) => {
    const head = Buffer.alloc(512);
    head.write(name);
    head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('        0', 148);
    head.write('ustar\x0000', 257, 'latin1');
    head.write(`${head.reduce((sum, byte) => sum + byte, 0).toString(8)}\0`, 148);
    return [head, bytes, Buffer.alloc(-bytes.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

async function picture(shade: number): Promise<Uint8Array> {
  const [width, height] = [20 + (shade % 7), 16];
  return encodeJpeg(Buffer.alloc(width * height * 3, shade), { width, height, channels: 3, quality: 90 });
}

const synsets = ['n00000003', 'n00000001', 'n00000002'];
let archive: Buffer;
let members: Map<string, Uint8Array>;

async function makeArchive(extra: readonly Entry[] = []): Promise<Buffer> {
  members = new Map();
  const outer: Entry[] = [];
  for (const [i, synset] of synsets.entries()) {
    const inner: Entry[] = [];
    for (let n = 0; n < 6; n++) inner.push({ name: `${synset}_${n}.JPEG`, bytes: await picture(30 * i + n) });
    inner.forEach(({ name, bytes }) => members.set(name, bytes));
    outer.push({ name: `${synset}.tar`, bytes: tar([...inner, ...(i === 1 ? extra : [])]) });
  }
  return tar([{ name: 'README', bytes: Buffer.from('hello') }, ...outer, { name: 'n00000009.tar', bytes: tar([]) }]);
}

beforeAll(async () => {
  archive = await makeArchive();
});

const request: IngestRequest = {
  dataset: 'small',
  images: { key: 'in/Images.tar' },
  synsets: { key: 'in/synsets.txt' },
  words: { key: 'in/words.txt' },
  maxRefused: 0,
  check: 'header',
};

async function fill<T extends ObjectStore>(store: T, images: Uint8Array = archive): Promise<T> {
  await store.put('in/Images.tar', images);
  await store.put('in/synsets.txt', synsets.join('\n'));
  await store.put('in/words.txt', 'n00000001\tone, single\n');
  return store;
}

async function context(store: ObjectStore, changes: Partial<IndexContext> = {}): Promise<IndexContext> {
  const { signal } = new AbortController();
  return { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {}, ...changes };
}

/** Everything that an index consists of, by key. */
async function contents(store: ObjectStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key } of store.list('indexes/')) found[key] = Buffer.from(await store.get(key)).toString('latin1');
  return found;
}

/** Counts bytes read from the archive. */
class CountingStore extends MemoryStore {
  archiveBytes = 0;

  override async getRange(key: string, range: ByteRange): Promise<Uint8Array> {
    if (key === 'in/Images.tar') this.archiveBytes += range.length;
    return super.getRange(key, range);
  }
}

describe('indexing an archive', () => {
  it('says where the bytes of each member are, and what they are', async () => {
    const store = await fill(new MemoryStore());
    const result = await indexArchive(request, await context(store));
    const bytes = await store.get(result.indexKey);
    expect(result).toEqual({
      dataset: 'small',
      indexKey: 'indexes/small/index.json',
      digest: createHash('sha256').update(bytes).digest('hex'),
      examples: 18,
      synsets: 3,
      refused: 0,
      repaired: 0,
      boxes: 0,
    });
    const entry = parseIndexEntry(bytes, { file: 'x' });
    expect(entry.synsets.map(({ synset, label, words, examples }) => [synset, label, words, examples])).toEqual([
      ['n00000003', 1, 'n00000003', 6],
      ['n00000001', 2, 'one, single', 6],
      ['n00000002', 3, 'n00000002', 6],
    ]);
    for (const { synset } of entry.synsets) {
      const lines = parseIndexedExamples(await store.get(indexKeys.synset('small', synset)), { file: 'x' });
      for (const { name, offset, size, sha256, channels, height } of lines) {
        const member = archive.subarray(offset, offset + size);
        expect(member.equals(members.get(name)!)).toBe(true);
        expect(sha256).toBe(createHash('sha256').update(member).digest('hex'));
        expect([channels, height]).toEqual([3, 16]);
      }
    }
    for await (const index of listIndexes(store)) expect(index).toEqual(result);
  });

  it('writes the same bytes to every store, also when it was cut off at any of its writes', async () => {
    const expected = await fill(new MemoryStore());
    await indexArchive(request, await context(expected));
    const directory = await fill(new DirectoryStore(await temporaryDirectory()));
    let cutOff = 0;
    for (const error = new CodedError('STORE_UNAVAILABLE', 'cut off'); ; cutOff++) {
      const attempt = indexArchive(request, await context(failingAfter(directory, cutOff, error)));
      const thrown: unknown = await attempt.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (thrown === undefined) break;
      expect(thrown).toBe(error);
      expect(await directory.stat('indexes/small/index.json')).toBeUndefined();
    }
    expect(cutOff).toBeGreaterThan(2);
    expect(withoutIdentity(await contents(directory))).toEqual(withoutIdentity(await contents(expected)));
  });

  it('ends with INTERRUPTED soon after the signal', async () => {
    const store = await fill(new MemoryStore());
    const abort = new AbortController();
    const stopped = indexArchive(request, await context(store, { signal: abort.signal, report: () => abort.abort() }));
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await contents(store)).toEqual({});
  });

  it('does not read again what was read before', async () => {
    const store = await fill(new CountingStore());
    const first = await indexArchive(request, await context(store));
    expect(store.archiveBytes).toBeGreaterThan(0.5 * archive.length);
    store.archiveBytes = 0;
    await store.delete(first.indexKey);
    expect(await indexArchive(request, await context(store))).toEqual(first);
    // The headers of the outer tar, in windows of 4 KiB.
    expect(store.archiveBytes).toBeLessThan(6 * 2 * 4096 + 1024);
  });

  it('reads everything again when the archive is another one of the same size', async () => {
    const directory = await fill(new DirectoryStore(await temporaryDirectory()));
    const first = await indexArchive(request, await context(directory));
    const other = Buffer.from(archive);
    const at = other.indexOf(members.get('n00000001_3.JPEG')!);
    other.write('other', at + 30);
    await directory.put('in/Images.tar', other);
    expect((await indexArchive(request, await context(directory))).digest).not.toBe(first.digest);
  });

  it('gives a compressed archive the same lines as the plain one, and inflates it once', async () => {
    const plain = await fill(new MemoryStore());
    await indexArchive(request, await context(plain));
    const store = await fill(new CountingStore(), gzipSync(archive));
    const first = await indexArchive(request, await context(store));
    expect((await store.get(indexKeys.archive('small'))).length).toBe(archive.length);
    for (const synset of synsets) {
      const key = indexKeys.synset('small', synset);
      expect(await store.get(key)).toEqual(await plain.get(key));
    }
    store.archiveBytes = 0;
    expect(await indexArchive(request, await context(store))).toEqual(first);
    // The first bytes, which tell how it is compressed.
    expect(store.archiveBytes).toBe(4);
  });

  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), 'ARCHIVE_TRUNCATED'],
    [
      'damaged',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 200), Buffer.alloc(90, 1), bytes.subarray(290)]),
      'ARCHIVE_INVALID',
    ],
  ])('refuses a compressed archive that is %s', async (_, spoil, code) => {
    const store = await fill(new MemoryStore(), spoil(gzipSync(archive)));
    await expect(indexArchive(request, await context(store))).rejects.toMatchObject({
      code,
      details: { file: 'in/Images.tar' },
    });
    expect(Object.keys(await contents(store))).toEqual([]);
  });

  it('leaves members out up to the tolerance and reports them; one more ends the work, and an old index is gone', async () => {
    const bad = [
      { name: 'n00000001_90.JPEG', bytes: Buffer.from('no picture') },
      { name: 'n00000002_91.JPEG', bytes: await picture(5) },
      { name: '._n00000001_1.JPEG', bytes: Buffer.from('litter') },
    ];
    const store = await fill(new DirectoryStore(await temporaryDirectory()));
    const { indexKey } = await indexArchive(request, await context(store));
    await fill(store, await makeArchive(bad));
    await expect(indexArchive({ ...request, maxRefused: 1 }, await context(store))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      details: { file: 'in/Images.tar/n00000001.tar/n00000002_91.JPEG' },
    });
    expect(await store.stat(indexKey)).toBeUndefined();
    const result = await indexArchive({ ...request, maxRefused: 2 }, await context(store));
    expect(result).toMatchObject({ examples: 18, refused: 2 });
    const report = Buffer.from(await store.get(indexKeys.refused('small')))
      .toString()
      .trim()
      .split('\n');
    expect(report.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual([
      'IMAGE_INVALID',
      'ARCHIVE_INVALID',
    ]);
  });

  it('keeps the repaired copy that there is, so that another codec changes nothing', async () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGM4IScHRAwQCgAfJgQRoo8irwAAAABJRU5ErkJggg==',
      'base64',
    );
    const withPng = await makeArchive([{ name: 'n00000001_90.JPEG', bytes: png }]);
    const store = await fill(new MemoryStore(), withPng);
    const first = await indexArchive(request, await context(store));
    expect(first.repaired).toBe(1);
    const key = indexKeys.repaired('small', createHash('sha256').update(png).digest('hex'));
    const copy = await picture(77);
    await store.put(key, copy);
    for (const synset of synsets) await store.delete(indexKeys.progress('small', synset));
    await indexArchive(request, await context(store));
    expect(Buffer.from(await store.get(key)).equals(copy)).toBe(true);
    const lines = await store.get(indexKeys.synset('small', 'n00000001'));
    const repaired = createHash('sha256').update(copy).digest('hex');
    expect(parseIndexedExamples(lines, { file: 'x' }).at(-1)).toMatchObject({ repaired, width: 2, height: 2 });
  });

  it('tells how far it is, in images, and what it passed over', async () => {
    const reports: Progress[] = [];
    const store = await fill(new MemoryStore());
    await indexArchive(request, await context(store, { report: (progress) => reports.push(progress) }));
    expect(reports.at(-1)).toMatchObject({
      done: 18,
      total: 18,
      unit: 'images',
      notices: ['1 synset tars of the archive are not asked for'],
    });
  });

  it.each([
    ['an input that is not there', { images: { key: 'in/none.tar' } }, 'FILE_NOT_FOUND'],
    ['a list that is no list', { synsets: { key: 'in/words.txt' } }, 'SYNSET_INVALID'],
    ['an archive of no tar', { images: { key: 'in/words.txt' } }, 'ARCHIVE_INVALID'],
  ])('refuses %s', async (_, changes, code) => {
    const store = await fill(new MemoryStore());
    await expect(indexArchive({ ...request, ...changes }, await context(store))).rejects.toMatchObject({ code });
  });
});

/** A store that fails every write after so many. */
function failingAfter(store: DirectoryStore, writes: number, error: CodedError): ObjectStore {
  let left = writes;
  return new Proxy(store, {
    get(target, name) {
      if (name === 'put') {
        return async (...given: Parameters<ObjectStore['put']>) => {
          if (left-- <= 0) throw error;
          return target.put(...given);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** What a synset was made from differs between stores: a directory knows when its archive was written. */
function withoutIdentity(objects: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(objects).map(([key, text]) => [key, text.replace(/"identity":"[0-9a-f]+"/u, '')]),
  );
}
