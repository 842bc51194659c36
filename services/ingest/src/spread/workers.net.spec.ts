import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { IndexArchive, Jobs, openBus, submitJob, type IngestRequest, type MessageBus } from '@bluewaters/messages';
import { DirectoryStore } from '@bluewaters/storage';
import { answers, freePort, startNats, temporaryDirectory, until, type TestServer } from '@bluewaters/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { indexArchive } from '../index.js';
import { contents, synsetIds, writeOddArchive } from './spread.fixture.js';

describe('workers of ingest over NATS', { timeout: 120_000 }, () => {
  let nats: TestServer;
  let bus: MessageBus;
  const processes: ChildProcess[] = [];

  beforeAll(async () => {
    nats = await startNats();
    bus = await openBus({ kind: 'nats', url: nats.url, ackWaitMs: 1_000 });
  });
  afterEach(async () => {
    for (const child of processes.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  afterAll(async () => {
    await bus?.close();
  });

  /** Starts the service as operations would. */
  async function startService(path: string, workers: number): Promise<ChildProcess> {
    const port = await freePort();
    const flags = { bus: nats.url, store: `directory:${path}`, 'nats-ack-wait-ms': 1000, 'health-port': port, workers };
    const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const child = spawn(process.execPath, [main, ...args], { stdio: 'ignore' });
    processes.push(child);
    await until('the service to be ready', () => answers(`http://127.0.0.1:${port}/readyz`));
    return child;
  }

  async function indexAlone(request: IngestRequest): Promise<Record<string, string>> {
    const [store, scratch] = [new DirectoryStore(await temporaryDirectory()), await temporaryDirectory()];
    const { signal } = new AbortController();
    await indexArchive(request, { store, scratch, limits: DEFAULT_LIMITS, signal, report: () => {} });
    return contents(store);
  }

  it('leave a unit to one that joins later when they are killed in the middle of it', async () => {
    const { request } = await writeOddArchive();
    const path = await temporaryDirectory();
    const doomed = fork(fileURLToPath(new URL('./dying-worker.fixture.mjs', import.meta.url)), [nats.url, path]);
    processes.push(doomed);
    const [store, scratch] = [new DirectoryStore(path), await temporaryDirectory()];
    const { signal } = new AbortController();
    const spread = { bus, person: undefined };
    const context = { store, scratch, limits: DEFAULT_LIMITS, signal, report: () => {}, spread };
    const indexed = indexArchive(request, context);
    expect(await once(doomed, 'exit')).toEqual([null, 'SIGKILL']);
    // Whoever gives out units does none of them.
    await startService(path, 0);
    expect(await indexed).toMatchObject({ examples: 31, repaired: 1, refused: 1, boxes: 5 });
    expect(await contents(store)).toEqual(await indexAlone(request));
  });

  it('go on when the service that gave out the units is killed with its workers, and another takes its place', async () => {
    const { request } = await writeOddArchive({ synsets: synsetIds(20), imagesPerSynset: 60 });
    const path = await temporaryDirectory();
    const first = await startService(path, 2);
    const jobs = await bus.state(Jobs);
    const result = submitJob(bus, IndexArchive, request, { job: 'whole', resubmitAfterMs: 3_000 });
    const images = async (): Promise<number> => (await jobs.get('whole'))?.value.progress?.done ?? 0;
    await until('the work', async () => (await images()) > 100);
    await startService(path, 3);
    first.kill('SIGKILL');
    expect(await result).toMatchObject({ examples: 1201 });
    expect(await contents(new DirectoryStore(path))).toEqual(await indexAlone(request));
    expect((await jobs.list('synset-')).map(({ value }) => value.state).filter((state) => state !== 'done')).toEqual(
      [],
    );
  });
});
