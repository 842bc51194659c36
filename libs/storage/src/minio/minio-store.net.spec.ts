import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  MINIO_LOGIN,
  describeObjectStore,
  describeWith,
  freePort,
  smallDisk,
  startMinio,
  startProxy,
  temporaryDirectory,
  type Proxy,
  type TestServer,
} from '@bluewaters/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore } from '../index.js';
import { MinioStore, type MinioOptions } from './minio-store.js';

await describeWith(['minio'], 'with a real MinIO', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startMinio();
  });

  const open = (given: Partial<MinioOptions> = {}) =>
    MinioStore.open({ url: server.url, bucket: `test-${randomUUID()}`, ...MINIO_LOGIN, ...given });

  describeObjectStore('MinioStore', () => open());

  it('lists more than one page of objects', async () => {
    const store = await open();
    const keys = Array.from({ length: 1005 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
    for (let n = 0; n < keys.length; n += 15) await Promise.all(keys.slice(n, n + 15).map((key) => store.put(key, '')));
    const listed: string[] = [];
    for await (const { key } of store.list('many/')) listed.push(key);
    expect(listed).toEqual(keys);
    await store.close();
  });

  it('shares a bucket that is already there, also with one who makes it at the same moment', async () => {
    const bucket = `test-${randomUUID()}`;
    const [first, second] = await Promise.all([open({ bucket }), open({ bucket })]);
    await first.put('a', 'x');
    expect(await second.stat('a')).toEqual({ key: 'a', size: 1 });
    await Promise.all([first.close(), second.close()]);
  });

  it('takes credentials from the environment, from files too, and never shows them', async () => {
    const file = join(await temporaryDirectory(), 'secret');
    await writeFile(file, `${MINIO_LOGIN.secretKey}\n`);
    vi.stubEnv('BLUEWATERS_MINIO_ACCESS_KEY', MINIO_LOGIN.accessKey);
    vi.stubEnv('BLUEWATERS_MINIO_SECRET_KEY_FILE', file);
    const store = await openStore({ kind: 'minio', url: server.url, bucket: 'from-environment' });
    expect(store.description).toBe(`minio ${server.url}/from-environment`);
    vi.unstubAllEnvs();
    await expect(openStore({ kind: 'minio', url: server.url, bucket: 'other' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'BLUEWATERS_MINIO_ACCESS_KEY' },
    });
    await store.close();
  });

  describe('refuses', () => {
    it.each([
      ['a key that the server does not know', { accessKey: 'stranger' }],
      ['a secret that is wrong', { secretKey: 'wrong-secret' }],
    ])('%s', async (_, given) => {
      await expect(open(given)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    });

    it('what the bucket of another deployment would need', async () => {
      const store = await open();
      const bucket = new URL(store.description.slice('minio '.length)).pathname.slice(1);
      await removeBucket(server.url, bucket);
      const refusal = { code: 'STORE_REFUSED', details: { file: 'a' } };
      await expect(store.put('a', 'x')).rejects.toMatchObject(refusal);
      await expect(store.get('a')).rejects.toMatchObject(refusal);
      await store.close();
    });

    it('an address that is not that of a server', async () => {
      await expect(open({ url: `${server.url}/path` })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      const url = `http://127.0.0.1:${await freePort()}`;
      await expect(open({ url })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });

  describe('over a connection that breaks', () => {
    let proxy: Proxy;
    let store: MinioStore;

    beforeEach(async () => {
      proxy = await startProxy(server.url);
      store = await open({ url: proxy.url });
    });

    afterEach(async () => {
      await store.close();
      await proxy.stop();
    });

    it('tries again, and stores every byte', async () => {
      const bytes = randomBytes(40 * 1024 * 1024);
      let broken = 0;
      const breaking = setInterval(() => {
        if (broken < 3) proxy.cut();
        broken += 1;
      }, 60);
      await store.put('large', bytes);
      expect(bytes.equals(await store.get('large'))).toBe(true);
      clearInterval(breaking);
      expect(proxy.connections).toBeGreaterThan(1);
    });

    it('knows its own object again when the answer to ifAbsent was lost', async () => {
      proxy.loseNextAnswer();
      expect(await store.put('a', 'mine', { ifAbsent: true })).toEqual({ key: 'a', size: 4 });
      await expect(store.put('a', 'other', { ifAbsent: true })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
      expect(Buffer.from(await store.get('a')).toString()).toBe('mine');
    });

    it('gives up in seconds when the server stays away, and works when it is back', async () => {
      await store.put('a', 'x');
      proxy.cut();
      proxy.refuse(() => true);
      await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      await expect(store.put('a', 'y')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      proxy.refuse(() => false);
      expect(Buffer.from(await store.get('a')).toString()).toBe('x');
    });
  });
});

await describeWith(['minio', 'small disk'], 'MinioStore and a full local disk', () => {
  it('leaves no half copy behind', async () => {
    const server = await startMinio();
    const store = await MinioStore.open({ url: server.url, bucket: 'full', ...MINIO_LOGIN });
    await store.put('large', Buffer.alloc(1024 * 1024));
    const disk = await smallDisk(256 * 1024);
    await expect(store.getFile('large', join(disk, 'copy'))).rejects.toMatchObject({ code: 'STORE_FULL' });
    await store.close();
    await server.stop();
  });
});

/** Another client takes the bucket away. */
async function removeBucket(url: string, bucket: string): Promise<void> {
  const { Client } = await import('minio');
  const { hostname, port } = new URL(url);
  await new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...MINIO_LOGIN }).removeBucket(bucket);
}
