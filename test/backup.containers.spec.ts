import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bash, bashOutput } from './support/docker.js';
import { commandsIn, markedBlock } from './support/pages.js';

/**
 * Of compose.yaml one service and what it depends on, the store among it. `minio-users` must not be named: of a container
 * whose work is to end, `--wait` waits for the end only where it knows it as a dependency, and else may take it for lost.
 */
const SERVICE = 'ingest';

/** Runs in a container that reaches MinIO: writes an object, and reads it. */
const OBJECT = `
import { openStore } from '@bluewaters/storage';
const store = await openStore({ kind: 'minio', url: 'http://minio:9000', bucket: 'bluewaters' });
const key = 'indexes/kept/index.json';
if (process.env.WRITE) await store.put(key, process.env.WRITE);
console.log(Buffer.from(await store.get(key)).toString());
await store.close();
`;

let directory: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  directory = await temporaryDirectory();
  env = {
    COMPOSE_PROJECT_NAME: `bluewaters-backup-${process.pid}`,
    SECRETS_FOLDER: join(directory, 'secrets'),
    CONSOLE_PORT: String(await freePort()),
  };
  await bashOutput('containers/make-secrets.sh', { env });
  await bashOutput(`docker compose up --detach --wait ${SERVICE}`, { env });
}, 300_000);
afterAll(async () => {
  await bash('docker compose down --volumes --timeout 20', { env });
  await rm(directory, { recursive: true, force: true });
}, 120_000);

/** Runs the commands of the page, for this store alone. */
async function run(name: string): Promise<void> {
  const { lines } = markedBlock(commandsIn('docs/operations.md'), name);
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) {
    const own = line.replace('minio.tar', join(directory, 'minio.tar'));
    await bashOutput(/ up .*--wait$/u.test(own) ? `${own} ${SERVICE}` : own, { env });
  }
}

const object = (written = ''): Promise<string> =>
  bashOutput(
    'docker compose run --rm --no-deps -T --workdir /opt/bluewaters --env WRITE --entrypoint node ingest --input-type module --eval "$OBJECT"',
    { env: { ...env, OBJECT, WRITE: written } },
  );

it('the store of compose.yaml is as it was after it was backed up, lost and restored', async () => {
  expect(await object('before')).toBe('before');
  await run('back up containers');
  // It goes on where it was.
  expect(await object('after')).toBe('after');
  await bashOutput('docker compose down --volumes --timeout 20', { env });
  await run('restore containers');
  expect(await object()).toBe('before');
}, 300_000);
