import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  describeWith,
  freePort,
  startNats,
  startProxy,
  temporaryDirectory,
  until,
  type TestServer,
} from '@bluewaters/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  consumeJobs,
  defineCommand,
  defineEvent,
  defineState,
  defineWork,
  jobRequest,
  openBus,
  submitJob,
} from '../index.js';
import { NatsBus } from './nats-bus.js';

const Count = defineEvent('faults.v1.counted', z.number());
const Echo = defineCommand('faults.v1.echo', z.number(), z.number());
const Dig = defineWork('faults.v1.dig', z.number(), z.unknown());
const Double = defineWork('faults.v1.double', jobRequest(z.number()), z.number());
const Table = defineState('faults', z.number());

await describeWith(['nats'], 'NatsBus when things go wrong', () => {
  let server: TestServer;
  const buses: NatsBus[] = [];

  const open = async (url = server.url) => {
    const bus = await NatsBus.open({ url, ackWaitMs: 1_000 });
    buses.push(bus);
    return bus;
  };

  /** Everything that can be subscribed to, and what it brought. */
  const listen = async (bus: NatsBus) => {
    const heard = {
      events: [] as number[],
      durable: [] as number[],
      work: [] as number[],
      state: new Map<string, number>(),
    };
    await bus.subscribe(Count, (n) => void heard.events.push(n));
    await bus.subscribe(Count, (n) => void heard.durable.push(n), { durable: 'reader' });
    await bus.work(Dig, async (n) => void heard.work.push(n));
    await bus.serve(Echo, async (n) => n);
    const table = await bus.state(Table);
    await table.watch('', (key, value) => {
      if (value === undefined) heard.state.delete(key);
      else heard.state.set(key, value);
    });
    return heard;
  };

  const sendAll = async (bus: NatsBus, n: number) => {
    await bus.publish(Count, n);
    await bus.submit(Dig, n);
    await (await bus.state(Table)).put(`key-${n}`, n);
    // Who serves may be back a moment later than who asks.
    await expect.poll(() => bus.request(Echo, n).catch(() => undefined), { timeout: 10_000 }).toBe(n);
  };

  beforeEach(async () => {
    server = await startNats();
  });

  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await server.stop();
  });

  it('finds a server by the names of this system, whatever a name server takes them for', async () => {
    const asked = vi.spyOn(dns, 'resolve4');
    asked.mockImplementation(((_name: string, told: (error: null, addresses: string[]) => void) =>
      told(null, ['127.255.255.254'])) as typeof dns.resolve4);
    const { port } = new URL(server.url);
    const bus = await open(`nats://localhost:${port}`).finally(() => asked.mockRestore());
    await bus.serve(Echo, async (n) => n);
    expect(await bus.request(Echo, 1)).toBe(1);
  });

  it('goes on after a restart of the server, with what the server had kept', async () => {
    const [here, there] = [await open(), await open()];
    const heard = await listen(there);
    await sendAll(here, 1);
    await until('the first', () => heard.events.length + heard.durable.length + heard.work.length === 3);
    await server.restart();
    await sendAll(here, 2);
    await until('the second', () => heard.durable.includes(2) && heard.work.includes(2) && heard.events.includes(2));
    // A server that is killed may forget that a message was taken: what is kept for someone may come twice.
    expect(heard.events).toEqual([1, 2]);
    expect([...new Set(heard.durable)]).toEqual([1, 2]);
    expect([...new Set(heard.work)]).toEqual([1, 2]);
    await until('the table', () => heard.state.size === 2);
    expect((await (await here.state(Table)).list()).map(({ value }) => value)).toEqual([1, 2]);
  });

  it('makes everything anew when the server has lost it all', async () => {
    const [here, there] = [await open(), await open()];
    const heard = await listen(there);
    const table = await here.state(Table);
    await sendAll(here, 1);
    await until('the first', () => heard.state.size === 1 && heard.durable.length === 1 && heard.work.length === 1);
    await server.restart({ empty: true });
    await sendAll(here, 2);
    await until('the second', () => heard.durable.length >= 2 && heard.work.length >= 2 && heard.events.length >= 2);
    expect(heard).toMatchObject({ events: [1, 2], durable: [1, 2], work: [1, 2] });
    await until('the table', () => heard.state.size === 1 && heard.state.get('key-2') === 2);
    expect(await table.get('key-1')).toBeUndefined();
    expect(await table.update('key-1', 5, 0)).toBeGreaterThan(0);
  });

  it('finishes a job though the server loses it while it waits, and again while it is done', async () => {
    const [here, there] = [await open(), await open()];
    const result = submitJob(here, Double, 21, { job: 'job', resubmitAfterMs: 1_500 });
    await sleep(300);
    await server.restart({ empty: true });
    let runs = 0;
    await consumeJobs(there, Double, async (n) => {
      runs += 1;
      if (runs === 1) await server.restart({ empty: true });
      return 2 * n;
    });
    expect(await result).toBe(42);
  });

  it('loses no event when the connection breaks again and again', async () => {
    const proxy = await startProxy(server.url);
    const [here, there] = [await open(), await open(proxy.url)];
    const heard = await listen(there);
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    for (const n of numbers) {
      await here.publish(Count, n);
      if (n % 60 === 30) proxy.cut();
    }
    // One at a time, and a message whose acknowledgement was cut off comes again a second later.
    await until('all', () => heard.events.includes(299) && heard.durable.includes(299), 80_000);
    expect(heard.events).toEqual(numbers);
    expect([...new Set(heard.durable)]).toEqual(numbers);
    await proxy.stop();
  }, 100_000);

  it('sends each event once though the connection of the sender breaks', async () => {
    const proxy = await startProxy(server.url);
    const [here, there] = [await open(), await open(proxy.url)];
    const heard = await listen(here);
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    for (const n of numbers) {
      if (n % 30 === 10) proxy.cut();
      await there.publish(Count, n);
    }
    await until('all', () => heard.events.includes(99));
    expect(heard.events).toEqual(numbers);
    await proxy.stop();
  });

  it('keeps work with one worker for as long as it lives, however long it takes', async () => {
    const [here, there] = [await open(), await open()];
    const attempts: number[] = [];
    for (const bus of [here, there]) {
      await bus.work(Dig, async (_, { attempt }) => {
        attempts.push(attempt);
        await sleep(3_000);
      });
    }
    await here.submit(Dig, 1);
    await until('the start', () => attempts.length > 0);
    await sleep(3_500);
    expect(attempts).toEqual([1]);
  });

  it('gives the job of a worker that was killed to another', async () => {
    const here = await open();
    const KilledDouble = defineWork('killed.v1.double', jobRequest(z.number()), z.number());
    const worker = spawn(
      process.execPath,
      [fileURLToPath(new URL('./worker.fixture.mjs', import.meta.url)), server.url],
      { stdio: 'inherit' },
    );
    const result = submitJob(here, KilledDouble, 21, { job: 'job' });
    await once(worker, 'exit');
    const attempts: number[] = [];
    await consumeJobs(here, KilledDouble, async (n, { attempt }) => {
      attempts.push(attempt);
      return 2 * n;
    });
    expect(await result).toBe(42);
    expect(attempts).toEqual([2]);
  });

  it('says that the server is away, and closes without waiting for it', async () => {
    const bus = await open();
    await listen(bus);
    await server.kill();
    await expect(bus.request(Echo, 1, { timeoutMs: 200 })).rejects.toMatchObject({ retryable: true });
    const begin = Date.now();
    await bus.close();
    expect(Date.now() - begin).toBeLessThan(10_000);
    await expect(NatsBus.open({ url: `nats://127.0.0.1:${await freePort()}` })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
  });

  it('waits for a server that is just starting', async () => {
    await server.kill();
    const opening = open();
    await server.restart();
    await (await opening).publish(Count, 1);
  });
});

await describeWith(['nats'], 'NatsBus with a server that asks who is there', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startNats({ login: { user: 'bluewaters', password: 'secret' } });
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });

  it('comes in with what the environment says, from a file too', async () => {
    const file = join(await temporaryDirectory(), 'password');
    await writeFile(file, 'secret\n');
    vi.stubEnv('BLUEWATERS_NATS_USER', 'bluewaters');
    for (const [name, value] of [
      ['BLUEWATERS_NATS_PASSWORD', 'secret'],
      ['BLUEWATERS_NATS_PASSWORD_FILE', file],
    ] as const) {
      vi.stubEnv(name, value);
      const bus = await openBus({ kind: 'nats', url: server.url });
      expect(bus.description).toBe(server.url);
      await bus.publish(Count, 1);
      await bus.close();
      vi.stubEnv(name, undefined);
    }
  });

  it('is refused without, with a wrong password, and with a password in the address', async () => {
    await expect(openBus({ kind: 'nats', url: server.url })).rejects.toMatchObject({ code: 'BUS_REFUSED' });
    vi.stubEnv('BLUEWATERS_NATS_USER', 'bluewaters');
    vi.stubEnv('BLUEWATERS_NATS_PASSWORD', 'wrong');
    await expect(openBus({ kind: 'nats', url: server.url })).rejects.toMatchObject({ code: 'BUS_REFUSED' });
    const url = server.url.replace('//', '//bluewaters:secret@');
    await expect(openBus({ kind: 'nats', url })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    vi.stubEnv('BLUEWATERS_NATS_PASSWORD_FILE', '/does/not/exist');
    await expect(openBus({ kind: 'nats', url: server.url })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
