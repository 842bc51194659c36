import { freePort } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { add, assign, Graph, identity, initializers, raw, Server, Session, variable, type Cluster } from './index.js';

/** Two servers of this very process, which live as long as it: a parameter server and a worker. */
let cluster: Cluster;
let ps: Server;
let worker: Server;

beforeAll(async () => {
  const [first, second] = [await freePort(), await freePort()];
  cluster = { ps: [`127.0.0.1:${first}`], worker: [`127.0.0.1:${second}`] };
  [ps, worker] = (['ps', 'worker'] as const).map((job) =>
    Server.start({ cluster, task: { job, index: 0 }, intraOpThreads: 1, interOpThreads: 2 }),
  ) as [Server, Server];
});

/** A variable on the parameter server, and one that a worker adds to it. */
function counter(graph: Graph, name: string) {
  const scope = graph.scope();
  const count = variable(scope.on('/job:ps/task:0'), name, {
    ...{ dtype: 'float32', shape: [3], initializer: initializers.zeros() },
  });
  const onWorker = scope.on('/job:worker/task:0');
  const next = identity(onWorker, add(onWorker, count.value, 1));
  return { count, next, push: assign(scope, count, next) };
}

describe('a server', { timeout: 60_000 }, () => {
  it('offers its devices to the sessions of the others', () => {
    expect(worker.target).toBe(`grpc://${cluster['worker']?.[0]}`);
    using graph = new Graph();
    using session = new Session(graph, { target: worker.target });
    const names = session.listDevices().map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['ps', 'worker'].map((job) => `/job:${job}/replica:0/task:0/device:CPU:0`)),
    );
  });

  it('keeps variables from session to session, whichever server these are of', async () => {
    for (const expected of [1, 2]) {
      using graph = new Graph();
      const { count, push } = counter(graph, 'kept');
      using session = new Session(graph, { target: worker.target });
      if (expected === 1) await session.run({ targets: [count.initializer] });
      await session.run({ targets: [push] });
      using other = new Session(graph, { target: ps.target });
      const [value] = await other.run({ fetches: [count.value] });
      expect([...value!.values()]).toEqual([expected, expected, expected]);
      value![Symbol.dispose]();
    }
  });

  it('waits for the tasks that a session may use, and for no others', async () => {
    const lonely = { ...cluster, worker: [...cluster['worker']!, `127.0.0.1:${await freePort()}`] };
    const own = `127.0.0.1:${await freePort()}`;
    const third = Server.start({ cluster: { ...lonely, third: [own] }, task: { job: 'third', index: 0 } });
    using graph = new Graph();
    const sum = raw.addV2(graph.scope(), { x: graph.scope().constant(1), y: graph.scope().constant(2) });
    using session = new Session(graph, { target: third.target, deviceFilters: ['/job:third', '/job:ps'] });
    const [value] = await session.run({ fetches: [sum] });
    expect(value!.number()).toBe(3);
    value![Symbol.dispose]();
  });

  it('is refused where another listens, and without an address of its own', () => {
    expect(() => Server.start({ cluster, task: { job: 'ps', index: 0 } })).toThrow(
      expect.objectContaining({ code: 'PORT_IN_USE' }) as Error,
    );
    for (const index of [1, 2]) {
      const task = { job: 'ps', index };
      expect(() => Server.start({ cluster: { ps: [cluster['ps']![0]!, 'nowhere'] }, task })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
      );
    }
  });
});
