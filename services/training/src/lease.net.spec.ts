import { randomUUID } from 'node:crypto';
import { openStore } from '@bluewaters/storage';
import { describeWith, MINIO_LOGIN, startMinio, type TestServer } from '@bluewaters/testing';
import { beforeAll } from 'vitest';
import { describeLease } from './lease.fixture.js';

await describeWith(['minio'], 'with a real MinIO', () => {
  let server: TestServer;

  beforeAll(async () => {
    process.env['BLUEWATERS_MINIO_ACCESS_KEY'] = MINIO_LOGIN.accessKey;
    process.env['BLUEWATERS_MINIO_SECRET_KEY'] = MINIO_LOGIN.secretKey;
    server = await startMinio();
  });

  describeLease('MinIO', async () => openStore({ kind: 'minio', url: server.url, bucket: `b${randomUUID()}` }));
});
