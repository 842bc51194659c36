import { join } from 'node:path';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import { MINIO_LOGIN, startMinio, temporaryDirectory, type TestServer } from '@bluewaters/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runCli, withoutOptions } from './support/cli.js';
import { filesBelow } from './support/folders.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

let directory: string;
let minio: TestServer;
let store: ObjectStore;
/** The store as the command is told it: in MinIO, and in a folder. */
let places: { readonly minio: string[]; readonly folder: string[] };
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  directory = await temporaryDirectory();
  minio = await startMinio();
  const credentials = {
    BLUEWATERS_MINIO_ACCESS_KEY: MINIO_LOGIN.accessKey,
    BLUEWATERS_MINIO_SECRET_KEY: MINIO_LOGIN.secretKey,
  };
  for (const [name, value] of Object.entries(credentials)) vi.stubEnv(name, value);
  env = { ...withoutOptions(process.env), ...credentials };
  store = await openStore({ kind: 'minio', url: minio.url, bucket: 'bluewaters' });
  places = {
    minio: ['--store', `minio:${minio.url}/bluewaters`],
    folder: ['--store', join(directory, 'backup')],
  };
  const archive = archiveFlags(await writeArchive(join(directory, 'archive')));
  const recipe = ['--dataset', 'pictures', '--network', 'lenet', '--epochs', '2', '--batch', '24'];
  const ended = await runCli(['run', ...archive, ...recipe, ...places.minio], { env });
  expect(ended.code, ended.stderr).toBe(0);
}, 120_000);
afterAll(() => store?.close());

/** What there is, without who is at work; and what the model makes of the held-out pictures. */
async function known(place: readonly string[]): Promise<unknown[]> {
  const status = (await runCli(['status', ...place, '--json'], { env })).json();
  const evaluated = (await runCli(['evaluate', '--model', 'pictures', ...place, '--json'], { env })).json();
  return [status, { ...evaluated, imagesPerSecond: undefined }];
}

it('a store in MinIO is the same as files in a folder, and the same again in a MinIO that had lost it', async () => {
  const before = await known(places.minio);
  const folder = join(directory, 'backup');
  for await (const { key } of store.list('')) await store.getFile(key, join(folder, key));
  expect(await known(places.folder)).toEqual(before);
  await minio.restart({ empty: true });
  // Who opens a store makes its bucket.
  const emptied = await openStore({ kind: 'minio', url: minio.url, bucket: 'bluewaters' });
  for (const key of await filesBelow(folder)) await emptied.putFile(key, join(folder, key));
  await emptied.close();
  expect(await known(places.minio)).toEqual(before);
}, 120_000);
