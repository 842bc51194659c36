import { ModelReady, ModelRegistered, RefreshModels, ServedModels, type ServedModel } from '@bluewaters/messages';
import { modelKeys } from '@bluewaters/records';
import { DirectoryStore, MemoryStore } from '@bluewaters/storage';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jpeg, Rig } from './rig.fixture.js';
import { registerColours } from './tiny-model.fixture.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inference-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the inference service, over time', () => {
  it('is not ready while there is no model, takes up what training registers, and says so', async () => {
    const rig = await new Rig(new MemoryStore()).start({ refreshSeconds: 3600 });
    const told: ServedModel[] = [];
    await rig.bus.subscribe(ModelReady, (served) => void told.push(served));
    await expect.poll(() => rig.service.readiness().reason).toBe('the registry has no model yet');
    expect((await rig.get('/readyz')).status).toBe(503);
    await registerColours(rig.store, 'colours', 1);
    const prefix = modelKeys.prefix('colours', 1);
    await rig.bus.publish(ModelRegistered, { model: 'colours', version: 1, prefix, run: 'colours', top1: 1 });
    await rig.ready();
    expect((await rig.post('/v1/models/colours/image', await jpeg('red'), 'image/jpeg')).status).toBe(200);
    expect(told).toEqual([{ model: 'colours', version: 1, state: 'ready', address: rig.service.address }]);
    await rig.stop();
  });

  it('passes over a damaged version until somebody asks to look again', async () => {
    const rig = await new Rig(new DirectoryStore(join(folder, 'damaged'))).start({ refreshSeconds: 3600 });
    await registerColours(rig.store, 'colours', 1);
    await registerColours(rig.store, 'colours', 2);
    const key = `${modelKeys.prefix('colours', 2)}saved_model.pb`;
    const whole = await rig.store.get(key);
    await rig.store.put(key, whole.slice(0, 100));
    const refresh = () => rig.bus.request(RefreshModels, {}, { timeoutMs: 20_000 });
    expect((await refresh()).models.map(({ version, state }) => [version, state])).toEqual([
      [2, 'failed'],
      [1, 'ready'],
    ]);
    const statuses = (await rig.get('/v1/models/colours')).body.model_version_status;
    expect(statuses[0]).toMatchObject({ version: '2', state: 'END', status: { error_code: 'FAILED_PRECONDITION' } });
    expect((await rig.post('/v1/models/colours/image', await jpeg('red'), 'image/jpeg')).body.version).toBe(1);
    await rig.store.put(key, whole);
    await refresh();
    expect((await rig.post('/v1/models/colours/image', await jpeg('red'), 'image/jpeg')).body.version).toBe(2);
    await rig.stop();
  });

  it('answers again after its engine was killed, and says "try again" meanwhile', async () => {
    const rig = await new Rig(new MemoryStore()).start();
    await registerColours(rig.store, 'colours', 1);
    await rig.bus.request(RefreshModels, {}, { timeoutMs: 20_000 });
    await rig.ready();
    process.kill(engines()[0]!, 'SIGKILL');
    await expect.poll(() => rig.service.readiness().ready, { interval: 5 }).toBe(false);
    const meanwhile = await rig.post('/v1/models/colours/image', await jpeg('red'), 'image/jpeg');
    expect(meanwhile).toMatchObject({ status: 503, body: { code: 'NOT_READY' } });
    expect(meanwhile.headers.get('retry-after')).toBe('1');
    await rig.ready();
    expect((await rig.post('/v1/models/colours/image', await jpeg('red'), 'image/jpeg')).status).toBe(200);
    expect((await rig.get('/metrics')).text).toMatch(/engine_restarts_total 1/u);
    await rig.stop();
  });

  it('goes on answering when its whole process group is told to stop, until it is stopped itself', async () => {
    const rig = await new Rig(new MemoryStore()).start();
    await registerColours(rig.store, 'colours', 1);
    await rig.bus.request(RefreshModels, {}, { timeoutMs: 20_000 });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(engines()[0]!, signal);
    expect((await rig.post('/v1/models/colours/image', await jpeg('red'), 'image/jpeg')).status).toBe(200);
    await rig.stop();
  });

  it('leaves nothing behind when it stops: no process, no port, no row on the bus', async () => {
    const rig = await new Rig(new MemoryStore()).start();
    await registerColours(rig.store, 'colours', 1);
    await rig.bus.request(RefreshModels, {}, { timeoutMs: 20_000 });
    const [engine] = engines();
    const rows = await rig.bus.state(ServedModels);
    expect(await rows.list()).toHaveLength(1);
    await rig.service.stop();
    await rig.service.stop();
    expect(() => process.kill(engine!, 0)).toThrow();
    expect(await rows.list()).toEqual([]);
    await expect(fetch(rig.service.address)).rejects.toThrow();
    await rig.bus.close();
  });

  it('names the port that is in use, and leaves no engine behind', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(new Rig(new MemoryStore()).start({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    expect(engines()).toEqual([]);
    other.close();
  });
});

/** Ids of engine processes that this process started. */
function engines(): number[] {
  const listing = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return listing
    .split('\n')
    .filter((line) => line.includes('engine.main.js'))
    .map((line) => Number.parseInt(line, 10));
}
