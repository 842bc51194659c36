import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { Rendezvous } from './rendezvous.js';

it('any number of tasks ask the chief to stop at the same time, also when it has gone', async () => {
  const folder = await temporaryDirectory();
  const tasks = Array.from({ length: 20 }, () => new Rendezvous(folder));
  const chief = new Rendezvous(folder);
  expect(await chief.isToStop()).toBe(false);
  await Promise.all(tasks.map((task) => task.askToStop()));
  expect(await chief.isToStop()).toBe(true);
  await rm(folder, { recursive: true });
  await tasks[0]!.askToStop();
  expect(await chief.isToStop()).toBe(false);
});

describe('the port of a task', () => {
  const ONE = { servers: 0, workers: 1 };

  const listening = async (port: number): Promise<Server> => {
    const server = createServer().listen(port);
    await once(server, 'listening');
    return server;
  };

  it("is nobody else's until its server takes it", async () => {
    const rendezvous = new Rendezvous(await temporaryDirectory());
    const { cluster, port } = await rendezvous.meet({ job: 'worker', index: 0 }, ONE, 'code');
    expect(cluster).toEqual({ ps: [], worker: [expect.stringMatching(new RegExp(`:${port.number}$`, 'u'))] });
    await expect(listening(port.number)).rejects.toThrow(/EADDRINUSE/u);
    port[Symbol.dispose]();
    (await listening(port.number)).close();
  });

  it('is that of the task that it replaces, once whoever was given it meanwhile lets go', async () => {
    const rendezvous = new Rendezvous(await temporaryDirectory());
    const { port: first } = await rendezvous.meet({ job: 'worker', index: 0 }, ONE, 'code');
    first[Symbol.dispose]();
    const somebody = await listening(first.number);
    setTimeout(() => somebody.close(), 200);
    using again = (await rendezvous.meet({ job: 'worker', index: 0 }, ONE, 'code')).port;
    expect(again.number).toBe(first.number);
    expect(somebody.listening).toBe(false);
  });
});
