import { openStore } from '@bluewaters/storage';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MINIO_LOGIN, describeWith, startMinio, startProxy } from '../index.js';

await describeWith(['minio'], 'a test server', () => {
  beforeEach(() => {
    vi.stubEnv('BLUEWATERS_MINIO_ACCESS_KEY', MINIO_LOGIN.accessKey);
    vi.stubEnv('BLUEWATERS_MINIO_SECRET_KEY', MINIO_LOGIN.secretKey);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('keeps its address for ever, its data over a restart, and nothing when it is emptied or stopped', async () => {
    const server = await startMinio();
    const { url } = server;
    const open = () => openStore({ kind: 'minio', url, bucket: 'test' });
    const store = await open();
    await store.put('a', 'kept');
    await server.restart();
    expect(await store.stat('a')).toEqual({ key: 'a', size: 4 });
    await server.kill();
    await expect(store.stat('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await server.restart({ empty: true });
    expect(server.url).toBe(url);
    const fresh = await open();
    expect(await fresh.stat('a')).toBeUndefined();
    await server.stop();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await Promise.all([store.close(), fresh.close()]);
  });

  it('is reached through a proxy that lets connections through, breaks them, and refuses new ones', async () => {
    const server = await startMinio();
    const proxy = await startProxy(server.url);
    const healthy = () => fetch(`${proxy.url}/minio/health/ready`).then((answer) => answer.ok);
    expect(await healthy()).toBe(true);
    proxy.cut();
    expect(await healthy()).toBe(true);
    proxy.refuse(() => true);
    proxy.cut();
    await expect(healthy()).rejects.toThrow();
    await proxy.stop();
    await server.stop();
  });
});
