import { fromBinary } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it } from 'vitest';
import { dataset, equal, Graph, mul, Session, sub, Tensor, type Output, type Scope } from './index.js';
import { OptionsSchema } from './generated/tensorflow/core/framework/dataset_options_pb.js';
import { numbers, readAll, readEpoch } from './read-dataset.fixture.js';

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('shard', () => {
  it.each([1, 2, 3, 4])('cuts a dataset into %i parts that together are the whole', async (count) => {
    const index = scope.placeholder('int64', []);
    const part = dataset.shard(scope, dataset.range(scope, 0, 10), { count, index });
    const { initializer, next } = dataset.iterator(scope, part);
    using session = new Session(graph);
    const parts: number[][] = [];
    for (const number of upTo(count)) {
      using fed = Tensor.scalar('int64', number);
      parts.push(numbers(await readEpoch(session, { initializer, next, feeds: [[index, fed]] })));
    }
    expect(parts).toEqual(upTo(count).map((rank) => upTo(10).filter((n) => n % count === rank)));
  });
});

describe('concatenate, enumerate and unbatch', () => {
  it('put datasets one after the other, number them, and undo a batch', async () => {
    const both = dataset.concatenate(scope, dataset.range(scope, 0, 2), dataset.range(scope, 7, 9));
    expect(numbers(await readAll(scope, both))).toEqual([0, 1, 7, 8]);
    expect(numbers(await readAll(scope, dataset.enumerate(scope, both, 5)))).toEqual([5, 6, 7, 8]);
    const batched = dataset.batch(scope, both, { size: 3 });
    expect(numbers(await readAll(scope, dataset.unbatch(scope, batched)))).toEqual([0, 1, 7, 8]);
    expect(dataset.unbatch(scope, batched).elements).toEqual([{ dtype: 'int64', shape: [] }]);
  });

  it('count by steps', async () => {
    expect(numbers(await readAll(scope, dataset.range(scope, 0, 10, 4)))).toEqual([0, 4, 8]);
  });
});

describe('filter', () => {
  it('keeps what its function says, given what was captured', async () => {
    const unwanted = scope.placeholder('int64', []);
    const kept = dataset.filter(
      scope,
      dataset.range(scope, 0, 4),
      (inner, [x, not]) => inner.op('LogicalNot', { inputs: [equal(inner, x as Output, not as Output)] }).output(),
      { captured: [unwanted] },
    );
    using two = Tensor.scalar('int64', 2);
    expect(numbers(await readAll(scope, kept, [[unwanted, two]]))).toEqual([0, 1, 3]);
  });
});

describe('flatMap and interleave', () => {
  const ones = (inner: Scope, [n]: Output[]) => dataset.repeat(inner, dataset.range(inner, n!, add1(inner, n!)), 2);
  const add1 = (inner: Scope, n: Output) => sub(inner, n, inner.constant(-1n));

  it('open datasets one after the other, or in turns', async () => {
    const source = dataset.range(scope, 0, 3);
    expect(numbers(await readAll(scope, dataset.flatMap(scope, source, ones)))).toEqual([0, 0, 1, 1, 2, 2]);
    const turns = dataset.interleave(scope, source, ones, { cycleLength: 2 });
    expect(numbers(await readAll(scope, turns))).toEqual([0, 1, 0, 1, 2, 2]);
  });

  it.each([1, 2, 3])('give the order of one thread with %i threads', async (parallelism) => {
    const turns = dataset.interleave(scope, dataset.range(scope, 0, 5), ones, { cycleLength: 3, blockLength: 2 });
    const source = dataset.range(scope, 0, 5);
    const parallel = dataset.interleave(scope, source, ones, { cycleLength: 3, blockLength: 2, parallelism });
    expect(numbers(await readAll(scope, parallel))).toEqual(numbers(await readAll(scope, turns)));
  });

  it('give each element once when no order is asked for', async () => {
    const options = { cycleLength: 3, parallelism: 3, deterministic: false };
    const any = dataset.interleave(scope, dataset.range(scope, 0, 5), ones, options);
    expect(numbers(await readAll(scope, any)).sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('give the function what they captured', async () => {
    const factor = scope.constant(10n);
    const scaled = (inner: Scope, [n, by]: Output[]) =>
      dataset.map(
        inner,
        dataset.range(inner, 0, 1),
        (most, [_, value]) => [most.op('Identity', { inputs: [value!] }).output()],
        {
          captured: [mul(inner, n!, by!)],
        },
      );
    const source = dataset.range(scope, 1, 4);
    const flat = dataset.flatMap(scope, source, scaled, { captured: [factor] });
    const turns = dataset.interleave(scope, source, scaled, { cycleLength: 3, captured: [factor] });
    expect(numbers(await readAll(scope, flat))).toEqual([10, 20, 30]);
    expect(numbers(await readAll(scope, turns))).toEqual([10, 20, 30]);
  });
});

describe('options', () => {
  it('say how a pipeline runs and change none of its elements', async () => {
    const doubled = dataset.map(scope, dataset.range(scope, 0, 20), (inner, [x]) => [mul(inner, x!, 2)], {
      parallelism: 4,
    });
    const options = { deterministic: true, privateThreads: 3, intraOpThreads: 1 };
    const own = dataset.withOptions(scope, doubled, options);
    expect(numbers(await readAll(scope, own))).toEqual(upTo(20).map((n) => 2 * n));
    const attribute = own.variant.operation.toNodeDef().attr['serialized_options']?.value;
    expect(fromBinary(OptionsSchema, attribute?.value as Uint8Array)).toMatchObject({
      optionalDeterministic: { value: true },
      autotuneOptions: { optionalEnabled: { value: false } },
      threadingOptions: { optionalPrivateThreadpoolSize: { value: 3 }, optionalMaxIntraOpParallelism: { value: 1 } },
    });
  });
});
