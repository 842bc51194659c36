import { join } from 'node:path';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import { describeWith, freePort, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli, withoutOptions } from './support/cli.js';
import { startComposedBus, type BusUser, type ComposedBus } from './support/composed-bus.js';
import { startComposedStore, type ComposedStore } from './support/composed-store.js';
import { bashOutput } from './support/docker.js';
import { tableIn } from './support/pages.js';
import { archiveFlags, writeArchive } from './support/pictures.js';
import { SERVICES, startService, type ServiceProcess } from './support/services.js';

const PREFIXES = ['archives/', 'indexes/', 'datasets/', 'runs/', 'models/', 'terms/', 'others/'];
const USERS: readonly BusUser[] = [...SERVICES, 'cli'];

/** What docs/security.md lets a user read, and write too. */
const documented = new Map(
  tableIn('docs/security.md', 'user of the store').map(([user = '', ...cells]) => {
    const [reads = [], writes = []] = cells.map((cell) => PREFIXES.filter((prefix) => cell.includes(`\`${prefix}\``)));
    return [user, { reads, writes }];
  }),
);

await describeWith(['minio', 'openssl'], 'the store of compose.yaml', () => {
  let composed: ComposedStore;
  let root: ObjectStore;
  const stores: ObjectStore[] = [];

  const open = async (environment: NodeJS.ProcessEnv, bucket = 'bluewaters'): Promise<ObjectStore> => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    return openStore({ kind: 'minio', url: composed.server.url, bucket });
  };
  const openAs = async (user: BusUser, bucket?: string): Promise<ObjectStore> => {
    const store = await open(composed.environmentOf(user), bucket);
    stores.push(store);
    return store;
  };

  beforeAll(async () => {
    const secrets = join(await temporaryDirectory(), 'secrets');
    await bashOutput('containers/make-secrets.sh', { env: { SECRETS_FOLDER: secrets } });
    composed = await startComposedStore(secrets);
    root = await open({
      BLUEWATERS_MINIO_ACCESS_KEY_FILE: join(secrets, 'access_key'),
      BLUEWATERS_MINIO_SECRET_KEY_FILE: join(secrets, 'secret_key'),
    });
    vi.unstubAllEnvs();
    for (const prefix of PREFIXES) await root.put(`${prefix}there`, 'x');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });
  afterAll(() => root.close());

  describe.each(USERS)('to %s', (user) => {
    /** The prefixes where something is not refused. */
    const allowed = async (attempt: (store: ObjectStore, prefix: string) => Promise<unknown>): Promise<string[]> => {
      const store = await openAs(user);
      const passed: string[] = [];
      for (const prefix of PREFIXES) {
        const code = await attempt(store, prefix).then(
          () => undefined,
          (error: { code: string }) => error.code,
        );
        if (code === undefined) passed.push(prefix);
        else expect(code).toBe('STORE_REFUSED');
      }
      return passed;
    };
    const { reads = [], writes = [] } = documented.get(user) ?? {};
    const seen = PREFIXES.filter((prefix) => reads.includes(prefix) || writes.includes(prefix));

    it('shows what the page of security lists, and nothing else', async () => {
      expect(await allowed((store, prefix) => store.get(`${prefix}there`))).toEqual(seen);
      expect(await allowed((store, prefix) => store.list(prefix)[Symbol.asyncIterator]().next())).toEqual(seen);
      const store = await openAs(user);
      for (const prefix of ['', 'm', 'models', 'others/']) {
        await expect(store.list(prefix)[Symbol.asyncIterator]().next(), prefix).rejects.toMatchObject({
          code: 'STORE_REFUSED',
        });
      }
      for (const prefix of seen) expect(await store.stat(`${prefix}missing`)).toBeUndefined();
    });

    it('lets it write and delete what the page lists, and nothing else', async () => {
      expect(await allowed((store, prefix) => store.put(`${prefix}new`, 'x'))).toEqual(writes);
      expect(await allowed((store, prefix) => store.delete(`${prefix}new`))).toEqual(writes);
      expect(await allowed((store, prefix) => store.put(`${prefix}there`, 'y'))).toEqual(writes);
      const marked = await allowed((store, prefix) => store.put(`${prefix}d/restricted.json`, '{}'));
      expect(marked).toEqual(user === 'cli' ? seen : writes);
      // In parts, and only where there is none.
      const large = Buffer.alloc(20 * 1024 * 1024);
      const [first] = writes;
      if (first !== undefined) await (await openAs(user)).put(`${first}large`, large, { ifAbsent: true });
    });

    it('gives no other bucket and no part in the administration', async () => {
      await expect(openAs(user, 'another')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
      await expect(composed.makeUsers(user)).rejects.toThrow(/AccessDenied|Access Denied/u);
    });
  });

  it('has its users as they were when they are made again', async () => {
    await composed.makeUsers();
    const store = await openAs('inference');
    await store.get('models/there');
    await expect(store.put('models/there', 'z')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });
});

await describeWith(['nats', 'minio', 'openssl'], 'the line with the rights of compose.yaml', () => {
  let bus: ComposedBus;
  let store: ComposedStore;
  const services: ServiceProcess[] = [];

  afterAll(() => Promise.all(services.map((service) => service.kill('SIGTERM'))));

  it('runs from an archive to answers, each service by its own user, and nothing is refused to any', async () => {
    const directory = await temporaryDirectory();
    const archive = await writeArchive(join(directory, 'archive'));
    bus = await startComposedBus();
    store = await startComposedStore(bus.secrets);
    const environmentOf = (user: BusUser): NodeJS.ProcessEnv => ({
      ...withoutOptions(process.env),
      ...bus.environmentOf(user),
      ...store.environmentOf(user),
      BLUEWATERS_TRAINING_WORK_DIRECTORY: join(directory, 'work'),
    });
    const port = await freePort();
    for (const name of SERVICES) services.push(await startService(name, environmentOf(name), port));
    const recipe = ['--dataset', 'pictures', '--network', 'lenet', '--epochs', '1', '--batch', '20'];
    const ask = async (...args: string[]) => {
      const ended = await runCli(args, { env: environmentOf('cli') });
      expect(ended.code, ended.stderr).toBe(0);
      return ended.json();
    };
    expect(await ask('run', ...archiveFlags(archive), ...recipe, '--json')).toMatchObject({
      accuracy: expect.any(Number) as number,
    });
    expect(await ask('evaluate', '--model', 'pictures', '--dataset', 'pictures', '--json')).toBeTruthy();
    const picture = join(directory, 'archive/picture.jpg');
    expect(await ask('classify', picture, '--model', 'pictures', '--json')).toMatchObject({ classified: [{}] });
    expect(await ask('status', '--json')).toMatchObject({ datasets: [{ dataset: 'pictures' }] });
    for (const service of services) expect(service.log(), service.name).not.toMatch(/_REFUSED|denied|violation/iu);
  }, 120_000);
});
