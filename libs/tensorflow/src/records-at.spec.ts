import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dataset, Graph, Session, Tensor, type Output, type Scope } from './index.js';
import { hasNativeOperations, nativeOperationsFile } from './native-operations.js';
import { readEpoch, texts } from './read-dataset.fixture.js';
import { frameRecord } from './record-framing.js';

const FILES = 3;
const RECORDS_IN_FILE = 11;

interface Place {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** Lengths around those at which the checksum changes its way: words of 8 bytes, three lanes of 2 KiB. */
const LENGTHS = [0, 1, 7, 8, 9, 6143, 6144, 6145, 20_000, 100_000, 100_001];

let folder: string;
let paths: string[];
let places: Place[];
let payloads: string[];

/** Writes the files, and says where their records lie. */
function writeFiles(): void {
  [paths, places, payloads] = [[], [], []];
  for (let file = 0; file < FILES; file += 1) {
    const records: Uint8Array[] = [];
    let offset = 0;
    for (let i = 0; i < RECORDS_IN_FILE; i += 1) {
      const payload = String.fromCharCode(97 + file, 65 + i)
        .repeat(100_001)
        .slice(0, LENGTHS[i]);
      const record = frameRecord(Buffer.from(payload));
      places.push({ file, offset, length: record.length });
      payloads.push(payload);
      records.push(record);
      offset += record.length;
    }
    const path = join(folder, `part ${file}`);
    writeFileSync(path, Buffer.concat(records));
    paths.push(path);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'records-at-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  writeFiles();
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

/** Reads the records at the places, in their order. */
async function read(wanted: readonly Place[], options: dataset.RecordsAtOptions): Promise<string[]> {
  const files = scope.placeholder('string', [null]);
  const [fileIndex, offset, length] = [0, 1, 2].map(() => scope.placeholder('int64', [null])) as [
    Output,
    Output,
    Output,
  ];
  const records = dataset.recordsAt(scope, { files, fileIndex, offset, length }, options);
  const { initializer, next } = dataset.iterator(scope, records);
  const vector = (key: keyof Place) =>
    Tensor.of(
      'int64',
      [wanted.length],
      wanted.map((place) => BigInt(place[key])),
    );
  using session = new Session(graph);
  using fedFiles = Tensor.of('string', [paths.length], paths);
  using fedIndex = vector('file');
  using fedOffset = vector('offset');
  using fedLength = vector('length');
  const feeds = [
    [files, fedFiles],
    [fileIndex, fedIndex],
    [offset, fedOffset],
    [length, fedLength],
  ] as const;
  return texts(await readEpoch(session, { initializer, next, feeds }));
}

/** Flips a bit of a record's payload, or of its header. */
function flipBit({ file, offset }: Place, at: number): void {
  const path = paths[file]!;
  const bytes = readFileSync(path);
  bytes[offset + at]! ^= 4;
  writeFileSync(path, bytes);
}

const readers = ['stock', ...(hasNativeOperations() ? (['native'] as const) : [])] as const;

describe.each(readers)('recordsAt with the %s reader', (reader) => {
  it.each([1, 2, 8])(
    'gives records in the order that is asked for, also twice, with %i reads at a time',
    async (parallelism) => {
      const wanted = [...places.map((_, i) => (7 * i + 5) % places.length), 3, 3, 0];
      const got = await read(
        wanted.map((i) => places[i]!),
        { reader, parallelism, recordsPerRead: 4 },
      );
      expect(got).toEqual(wanted.map((i) => payloads[i]!));
    },
  );

  it('gives nothing when nothing is asked for', async () => {
    expect(await read([], { reader })).toEqual([]);
  });

  it('knows a flipped bit in a length and in a payload', async () => {
    const [first, , , , , , , , second] = places as [Place, ...Place[]];
    flipBit(first, 3);
    flipBit(second!, 10_000);
    await expect(read([places[3]!, first], { reader })).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
    await expect(read([places[3]!, second!], { reader })).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
  });

  it('says so when a file ends before a record, or is not there', async () => {
    const last = places[RECORDS_IN_FILE - 1]!;
    truncateSync(paths[0]!, last.offset + 50);
    await expect(read([last], { reader })).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
    truncateSync(paths[0]!, last.offset);
    await expect(read([last], { reader })).rejects.toThrow(/corrupted record|expected to contain 1 element/);
    paths[1] = join(folder, 'missing');
    const missing = { code: 'FILE_NOT_FOUND', details: { file: paths[1] } };
    await expect(read([places[RECORDS_IN_FILE]!], { reader })).rejects.toMatchObject(missing);
  });
});

describe('recordsAt with our own operation', () => {
  it.skipIf(!hasNativeOperations())(
    'names the file and the offset of a damaged record [needs a C++ compiler at set-up]',
    async () => {
      const damaged = places[RECORDS_IN_FILE + 9]!;
      flipBit(damaged, 60_000);
      await expect(read([...places.slice(0, 3), damaged], { reader: 'native' })).rejects.toMatchObject({
        code: 'RECORD_CORRUPT',
        details: { file: paths[1], offset: damaged.offset },
      });
    },
  );

  it.skipIf(!hasNativeOperations())("refuses a length that is not the record's", async () => {
    const [place] = places.slice(4) as [Place];
    const wrong = { ...place, length: place.length - 1 };
    await expect(read([wrong], { reader: 'native' })).rejects.toThrow(/expected a payload of 8 bytes, got 9/);
    await expect(read([{ ...place, length: 3 }], { reader: 'native' })).rejects.toThrow(/no record has 3 bytes/);
    await expect(read([{ ...place, file: FILES }], { reader: 'native' })).rejects.toThrow(/names no file/);
  });

  it('is what set-up compiled where there was a compiler', () => {
    expect(hasNativeOperations()).toBe(existsSync(nativeOperationsFile()));
  });
});
