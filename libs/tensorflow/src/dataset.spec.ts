import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  cast,
  dataset,
  Graph,
  liveHandles,
  mul,
  parseSingleExample,
  Session,
  Tensor,
  type Dataset,
  type Output,
  type Scope,
} from './index.js';
import { encodeExample } from './example.fixture.js';
import { numbers, readAll, readEpoch, texts } from './read-dataset.fixture.js';
import { GraphDefSchema } from './generated/tensorflow/core/framework/graph_pb.js';
import { frameRecord } from './record-framing.js';

/** Of a record before its payload: the length and its checksum. */
const HEADER_BYTES = 12;
const FILES = 3;
const RECORDS_IN_FILE = 7;

let folder: string;
let files: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dataset-'));
  files = Array.from({ length: FILES }, (_, file) => {
    const path = join(folder, `part-${file}`);
    const payloads = Array.from({ length: RECORDS_IN_FILE }, (_, i) => Buffer.from(`record ${file}.${i}`));
    writeFileSync(path, Buffer.concat(payloads.map((payload) => frameRecord(payload))));
    return path;
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

const allRecords = Array.from({ length: FILES }, (_, file) =>
  Array.from({ length: RECORDS_IN_FILE }, (_, i) => `record ${file}.${i}`),
);

describe('tfRecords', () => {
  it('reads every record of every file, in order', async () => {
    const records = dataset.tfRecords(scope, scope.constant(files));
    expect(texts(await readAll(scope, records))).toEqual(allRecords.flat());
  });

  it('says where a flipped bit is', async () => {
    const bytes = Buffer.concat(allRecords[0]!.map((text) => frameRecord(Buffer.from(text))));
    const second = frameRecord(Buffer.from(allRecords[0]![0]!)).length;
    bytes[second + 14]! ^= 1;
    const damaged = join(folder, 'damaged');
    writeFileSync(damaged, bytes);
    await expect(readAll(scope, dataset.tfRecords(scope, scope.constant([damaged])))).rejects.toMatchObject({
      code: 'RECORD_CORRUPT',
      details: { offset: second + HEADER_BYTES },
    });
  });

  it('names a file that is not there', async () => {
    const missing = join(folder, 'missing');
    await expect(readAll(scope, dataset.tfRecords(scope, scope.constant([missing])))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      details: { file: missing },
    });
  });
});

describe('interleave', () => {
  it('takes turns among the files and reads each record once', async () => {
    const names = dataset.tensorSlices(scope, [scope.constant(files)]);
    const records = dataset.interleave(scope, names, (inner, [file]) => dataset.tfRecords(inner, file!), {
      cycleLength: FILES,
    });
    const read = texts(await readAll(scope, records));
    expect(read.slice(0, FILES)).toEqual(allRecords.map(([first]) => first));
    expect([...read].sort()).toEqual(allRecords.flat().sort());
  });
});

describe('resuming', () => {
  it.each([0, 1, 9, 20, 21])('after %i elements gives the rest of what an unbroken epoch gives', async (done) => {
    const start = scope.placeholder('int64', []);
    const seed = [scope.constant(7n), scope.constant(1n)] as const;
    const shuffled = dataset.shuffle(scope, dataset.tfRecords(scope, scope.constant(files)), { bufferSize: 5, seed });
    const rest = dataset.skip(scope, shuffled, start);
    const { initializer, next } = dataset.iterator(scope, rest);
    using session = new Session(graph);
    using zero = Tensor.scalar('int64', 0);
    using position = Tensor.scalar('int64', done);
    const whole = texts(await readEpoch(session, { initializer, next, feeds: [[start, zero]] }));
    const tail = texts(await readEpoch(session, { initializer, next, feeds: [[start, position]] }));
    expect(whole).toHaveLength(FILES * RECORDS_IN_FILE);
    expect(tail).toEqual(whole.slice(done));
  });
});

describe('shuffle', () => {
  it('gives one order for one seed, another for another, and the same elements for both', async () => {
    const seed = scope.placeholder('int64', []);
    const shuffled = dataset.shuffle(scope, dataset.range(scope, 0, 50), { bufferSize: 50, seed: [seed, 0] });
    const { initializer, next } = dataset.iterator(scope, shuffled);
    using session = new Session(graph);
    const epoch = async (value: number) => {
      using fed = Tensor.scalar('int64', value);
      return numbers(await readEpoch(session, { initializer, next, feeds: [[seed, fed]] }));
    };
    const [first, again, other] = [await epoch(3), await epoch(3), await epoch(4)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect([...other].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('draws another order at each repetition only when asked to', async () => {
    const order = async (reshuffleEachIteration: boolean) => {
      const shuffled = dataset.shuffle(scope, dataset.range(scope, 0, 20), {
        bufferSize: 20,
        seed: [1, 2],
        reshuffleEachIteration,
      });
      const read = numbers(await readAll(scope, dataset.repeat(scope, shuffled, 2)));
      return [read.slice(0, 20), read.slice(20)];
    };
    const [first, second] = await order(false);
    expect(second).toEqual(first);
    const [one, two] = await order(true);
    expect(two).not.toEqual(one);
  });
});

describe('map', () => {
  it.each([1, 4])('with %i calls at a time keeps the order', async (parallelism) => {
    const doubled = dataset.map(scope, dataset.range(scope, 0, 30), (inner, [x]) => [mul(inner, x!, 2)], {
      parallelism,
    });
    expect(numbers(await readAll(scope, doubled))).toEqual(Array.from({ length: 30 }, (_, i) => 2 * i));
  });

  it('gives the function what it captured, as it was when the epoch began', async () => {
    const offset = scope.placeholder('int64', []);
    const moved = dataset.map(scope, dataset.range(scope, 0, 3), (inner, [x, by]) => [add(inner, x!, by!)], {
      captured: [offset],
    });
    using fed = Tensor.scalar('int64', 100);
    expect(numbers(await readAll(scope, moved, [[offset, fed]]))).toEqual([100, 101, 102]);
  });

  it('calls functions within functions, and gives them all back with the graph', async () => {
    const before = liveHandles();
    const tens = dataset.interleave(
      scope,
      dataset.range(scope, 1, 4),
      (inner, [n]) => dataset.map(inner, dataset.range(inner, 0, n!), (most, [i]) => [mul(most, i!, 10)]),
      { cycleLength: 1 },
    );
    const read = await readAll(scope, tens);
    expect(numbers(read)).toEqual([0, 0, 10, 0, 10, 20]);
    for (const tensor of read) tensor[Symbol.dispose]();
    graph[Symbol.dispose]();
    expect(liveHandles()).toEqual({ ...before, graph: before.graph - 1 });
  });

  it('knows the shapes that it gives', () => {
    const mapped = dataset.map(scope, dataset.range(scope, 0, 3), (inner, [x]) => [
      cast(inner, x!, 'float32'),
      inner.constant([[1, 2]]),
    ]);
    expect(mapped.elements).toEqual([
      { dtype: 'float32', shape: [] },
      { dtype: 'float32', shape: [1, 2] },
    ]);
    const batched = dataset.batch(scope, mapped, { size: 2, dropRemainder: true });
    expect(dataset.iterator(scope, batched).next.map(({ shape }) => shape)).toEqual([[2], [2, 1, 2]]);
  });
});

describe('batch, take, repeat, zip, cache and prefetch', () => {
  it('do as they say', async () => {
    const count = (n: number) => dataset.range(scope, 0, n);
    const lengths = async (described: Dataset) => (await readAll(scope, described)).map(({ shape }) => shape[0]);
    expect(await lengths(dataset.batch(scope, count(10), { size: 4 }))).toEqual([4, 4, 2]);
    expect(await lengths(dataset.batch(scope, count(10), { size: 4, dropRemainder: true }))).toEqual([4, 4]);
    expect(numbers(await readAll(scope, dataset.take(scope, count(10), 2)))).toEqual([0, 1]);
    expect(numbers(await readAll(scope, dataset.repeat(scope, count(2), 2)))).toEqual([0, 1, 0, 1]);
    const cached = dataset.prefetch(scope, dataset.cache(scope, count(3)), 2);
    expect(numbers(await readAll(scope, dataset.zip(scope, [cached, count(5)])))).toEqual([0, 1, 2]);
  });
});

describe('strings that were fed', () => {
  it('outlive the tensor that brought them', async () => {
    const names = scope.placeholder('string', [null]);
    const { initializer, next } = dataset.iterator(scope, dataset.tensorSlices(scope, [names]));
    using session = new Session(graph);
    const long = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(200)}`);
    {
      using fed = Tensor.of('string', [long.length], long);
      await session.run({ feeds: [[names, fed]], targets: [initializer] });
    }
    // What is allocated now would take the place of strings that were given back too early.
    using filler = Tensor.of(
      'string',
      [100],
      long.map(() => 'y'.repeat(205)),
    );
    const read: string[] = [];
    for (const _ of long) read.push(...texts(await session.run({ fetches: next })));
    expect(read).toEqual(long);
    expect(filler.strings()).toHaveLength(100);
  });
});

describe('parseSingleExample', () => {
  const features = {
    label: { dtype: 'int64', shape: [] },
    name: { dtype: 'string', shape: [], default: 'none' },
    box: { dtype: 'float32', shape: [2] },
  } as const;

  const label = { int64List: { value: [3] } };

  async function parse(serialized: Uint8Array): Promise<Tensor[]> {
    const input = scope.placeholder('string', []);
    const parsed = parseSingleExample(scope, input, features);
    const outputs: Output[] = [parsed.label, parsed.name, parsed.box];
    using session = new Session(graph);
    using fed = Tensor.scalar('string', serialized);
    return await session.run({ feeds: [[input, fed]], fetches: outputs });
  }

  it('gives each feature with its dtype and shape, and defaults where one is missing', async () => {
    const [labels, name, boxes] = await parse(encodeExample({ label, box: { floatList: { value: [0.5, 0.25] } } }));
    expect([labels!.number(), texts([name!])[0], boxes!.values()]).toEqual([3, 'none', Float32Array.of(0.5, 0.25)]);
  });

  it('names a required feature that is missing', async () => {
    await expect(parse(encodeExample({ label }))).rejects.toThrow(/box/);
  });
});

describe('iterator', () => {
  it('leaves TensorFlow nothing to tune, whose thread would hold up each restart', () => {
    using graph = new Graph();
    const scope = graph.scope();
    dataset.iterator(scope, dataset.range(scope, 0, 3), 'numbers');
    const { node } = fromBinary(GraphDefSchema, graph.toGraphDef());
    const options = node.find(({ op }) => op === 'OptionsDataset')?.attr['serialized_options']?.value;
    // tensorflow.data.Options: field 7, autotune_options, holds field 1, enabled: false.
    expect(options).toEqual({ case: 's', value: Uint8Array.of((7 << 3) | 2, 2, 1 << 3, 0) });
  });
});
