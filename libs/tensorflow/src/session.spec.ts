import { beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  dataset,
  Graph,
  initializers,
  isEndOfSequence,
  liveHandles,
  listDevices,
  matMul,
  mul,
  Session,
  sum,
  Tensor,
  variable,
  type DType,
  type ElementValues,
  type Output,
  type Scope,
} from './index.js';

let graph: Graph;
let scope: Scope;
beforeEach(() => {
  graph = new Graph();
  scope = graph.scope();
  return () => graph[Symbol.dispose]();
});

/** A scalar that takes a while to compute. */
function slow(): Output {
  const ones = scope.op('Fill', { inputs: [scope.constant(Int32Array.of(1500, 1500)), scope.constant(1)] }).output();
  const once = matMul(scope, ones, ones);
  return sum(scope, matMul(scope, matMul(scope, once, ones), ones));
}

/** A value that never comes: out of a queue that nobody fills. */
function neverReady(): Output {
  const attributes = { component_types: ['float32'] };
  const queue = scope.op('FIFOQueueV2', { attributes }).output();
  return scope.op('QueueDequeueV2', { inputs: [queue], attributes }).output();
}

describe('run', () => {
  it('feeds, fetches, and gives back every handle', async () => {
    const before = liveHandles();
    const x = scope.placeholder('float32', [null]);
    const y = scope.placeholder('float32', []);
    {
      using session = new Session(graph);
      using xs = Tensor.of('float32', [3], [1, 2, 3]);
      using factor = Tensor.scalar('float32', 2);
      const product = mul(scope, x, y);
      const results = await session.run({
        feeds: [
          [x, xs],
          [y, factor],
        ],
        fetches: [product, add(scope, product, 1)],
      });
      expect(results.map((tensor) => tensor.values())).toEqual([Float32Array.of(2, 4, 6), Float32Array.of(3, 5, 7)]);
      for (const tensor of results) tensor[Symbol.dispose]();
    }
    expect(liveHandles()).toEqual(before);
  });

  it('leaves the event loop free', async () => {
    const result = slow();
    using session = new Session(graph);
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    const [tensor] = await session.run({ fetches: [result] });
    clearInterval(timer);
    tensor![Symbol.dispose]();
    expect(ticks).toBeGreaterThan(5);
  });

  it('shares the memory of what it is fed with TensorFlow: nothing is copied', async () => {
    const x = scope.placeholder('uint8', [3]);
    using session = new Session(graph);
    using fed = Tensor.of('uint8', [3], [1, 2, 3]);
    const same = scope.op('Identity', { inputs: [x] }).output();
    using fetched = (await session.run({ feeds: [[x, fed]], fetches: [same] }))[0]!;
    fed.view('uint8')[1] = 99;
    expect(fetched.values()).toEqual(Uint8Array.of(1, 99, 3));
  });

  it.each<[DType, ElementValues]>([
    ['uint8', [1, 255]],
    ['bool', [true, false]],
    ['float16', [0.5, -2]],
    ['bfloat16', [0.5, -2]],
    ['float64', [0.1, 1e300]],
    ['int64', [2n ** 62n, -1n]],
    ['complex64', [1, 2, 3, 4]],
    ['string', ['a picture', 'another']],
  ])('takes %s values for any output, in place of what would compute them', async (dtype, values) => {
    const original = scope.placeholder(dtype, [2]);
    const middle = scope.op('Identity', { inputs: [original] }).output();
    const end = scope.op('Identity', { inputs: [middle] }).output();
    using session = new Session(graph);
    using fed = Tensor.of(dtype, [2], values);
    using result = (await session.run({ feeds: [[middle, fed]], fetches: [end] }))[0]!;
    const read = (tensor: Tensor) => (dtype === 'string' ? tensor.strings() : tensor.values());
    expect(result.dtype).toBe(dtype);
    expect(read(result)).toEqual(read(fed));
  });

  it('ends after its timeout, and the session goes on', async () => {
    const never = neverReady();
    using session = new Session(graph);
    await expect(session.run({ fetches: [never] }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TENSORFLOW_FAILED',
      cause: { status: 'DEADLINE_EXCEEDED' },
    });
    using value = (await session.run({ fetches: [scope.constant(4)] }, { timeoutMs: 10_000 }))[0]!;
    expect(value.number()).toBe(4);
    await expect(session.run({}, { timeoutMs: 0.5 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('runs several at the same time', async () => {
    const x = scope.placeholder('float32', []);
    const y = mul(scope, x, 2);
    using session = new Session(graph);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        using fed = Tensor.scalar('float32', i);
        using result = (await session.run({ feeds: [[x, fed]], fetches: [y] }))[0]!;
        return result.number();
      }),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
  });

  it('keeps what it was fed alive when the caller gives it back too early', async () => {
    const x = scope.placeholder('float32', [null]);
    using session = new Session(graph);
    const fed = Tensor.of('float32', [100_000], new Float32Array(100_000).fill(1));
    const running = session.run({ feeds: [[x, fed]], fetches: [sum(scope, x)] });
    fed[Symbol.dispose]();
    using result = (await running)[0]!;
    expect(result.number()).toBe(100_000);
  });

  it('uses operations that were added after the session began', async () => {
    using session = new Session(graph);
    using first = (await session.run({ fetches: [scope.constant(1)] }))[0]!;
    using second = (await session.run({ fetches: [scope.constant(2)] }))[0]!;
    expect([first.number(), second.number()]).toEqual([1, 2]);
  });

  it('names the operation that failed', async () => {
    const a = scope.placeholder('float32', undefined);
    const product = scope
      .child('layer')
      .op('MatMul', { inputs: [a, a] })
      .output();
    using session = new Session(graph);
    using wrong = Tensor.of('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
    await expect(session.run({ feeds: [[a, wrong]], fetches: [product] })).rejects.toMatchObject({
      code: 'TENSORFLOW_FAILED',
      details: { field: 'layer/MatMul' },
      message: expect.stringMatching(/INVALID_ARGUMENT.*\[2,3\]/),
    });
  });

  it('says that a placeholder was not fed', async () => {
    const x = scope.placeholder('float32', [], { name: 'x' });
    using session = new Session(graph);
    await expect(session.run({ fetches: [mul(scope, x, 2)] })).rejects.toThrow(/feed a value for placeholder.*'x'/);
  });

  it('tells the end of a dataset from other failures', async () => {
    const numbers = dataset.iterator(scope, dataset.range(scope, 0, 1));
    using session = new Session(graph);
    const early = await session.run({ fetches: numbers.next }).catch((error: unknown) => error);
    await session.run({ targets: [numbers.initializer] });
    const [only] = await session.run({ fetches: numbers.next });
    const ended = await session.run({ fetches: numbers.next }).catch((error: unknown) => error);
    expect(only!.number()).toBe(0);
    expect([isEndOfSequence(early), isEndOfSequence(ended), isEndOfSequence(new Error())]).toEqual([
      false,
      true,
      false,
    ]);
    only![Symbol.dispose]();
  });
});

describe('several sessions over one graph', () => {
  it('have variables of their own, and see operations that are added meanwhile', async () => {
    const level = variable(scope, 'level', { dtype: 'float32', shape: [], initializer: initializers.zeros() });
    const raise = scope.op('AssignAddVariableOp', { inputs: [level.handle, scope.constant(1)] });
    using first = new Session(graph);
    using second = new Session(graph);
    await Promise.all([first, second].map((session) => session.run({ targets: [level.initializer] })));
    const raising = Array.from({ length: 30 }, () => first.run({ targets: [raise] }));
    const doubled = mul(scope, level.value, 2);
    using untouched = (await second.run({ fetches: [doubled] }))[0]!;
    await Promise.all(raising);
    using raised = (await first.run({ fetches: [doubled] }))[0]!;
    expect([untouched.number(), raised.number()]).toEqual([0, 60]);
  });

  it('give equal results with one operation at a time and with several', async () => {
    const value = sum(scope, mul(scope, slow(), 2));
    const results = [];
    for (const interOpThreads of [0, 1, 3]) {
      using session = new Session(graph, { interOpThreads });
      using result = (await session.run({ fetches: [value] }))[0]!;
      results.push(result.number());
    }
    expect(new Set(results).size).toBe(1);
  });
});

describe('dispose', () => {
  it('cancels a run that would never end, and then gives the session back', async () => {
    const before = liveHandles();
    const never = neverReady();
    const session = new Session(graph);
    const running = session.run({ fetches: [never] });
    await new Promise((resolve) => setTimeout(resolve, 50));
    session[Symbol.dispose]();
    session[Symbol.dispose]();
    await expect(running).rejects.toMatchObject({ code: 'TENSORFLOW_FAILED', cause: { status: 'CANCELLED' } });
    expect(liveHandles()).toEqual(before);
    await expect(session.run({})).rejects.toMatchObject({ code: 'HANDLE_DISPOSED' });
  });

  it('of the graph before the session does no harm', async () => {
    const value = scope.constant(3);
    const session = new Session(graph);
    graph[Symbol.dispose]();
    expect(() => value.shape).toThrow();
    session[Symbol.dispose]();
  });
});

describe('devices', () => {
  it('include the CPU, for a session and for the machine', () => {
    using session = new Session(graph, { deviceCount: { CPU: 2 } });
    const names = session.listDevices().map(({ name }) => name.split('/device:')[1]);
    expect(names).toEqual(expect.arrayContaining(['CPU:0', 'CPU:1']));
    expect(listDevices()[0]).toMatchObject({ type: 'CPU' });
  });

  it('that do not exist are refused when something is to run there', async () => {
    const value = scope.on('/gpu:7').constant(1);
    using session = new Session(graph);
    await expect(session.run({ fetches: [value] })).rejects.toMatchObject({ code: 'TENSORFLOW_FAILED' });
    using lenient = new Session(graph, { softPlacement: true });
    using result = (await lenient.run({ fetches: [value] }))[0]!;
    expect(result.number()).toBe(1);
  });
});
