import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startMinio, temporaryDirectory, type TestServer } from '@bluewaters/testing';
import type { BusUser } from './composed-bus.js';
import { ROOT } from './pages.js';

/** The store of compose.yaml as a process here, with its users. */
export interface ComposedStore {
  readonly server: TestServer;
  /** Gives the users their rights, as happens at each start of compose.yaml, in the name of root or of one of them. */
  makeUsers(by?: BusUser): Promise<void>;
  /** What compose.yaml sets for a service, with the places of this machine. */
  environmentOf(user: BusUser): NodeJS.ProcessEnv;
}

/** Starts MinIO with root's credentials and makes its users. @param secrets What `make-secrets.sh` has made. */
export async function startComposedStore(secrets: string): Promise<ComposedStore> {
  const read = (name: string) => readFile(join(secrets, name), 'utf8');
  const server = await startMinio({ accessKey: await read('access_key'), secretKey: await read('secret_key') });
  const program = join(ROOT, 'containers/minio-users.mjs');
  const makeUsers = async (by?: BusUser): Promise<void> => {
    const folder = by === undefined ? secrets : await secretsWithRoot(secrets, by);
    const env = { ...process.env, SECRETS: folder, MINIO_URL: server.url };
    await promisify(execFile)(process.execPath, [program], { env });
  };
  await makeUsers();
  const environmentOf = (user: BusUser): NodeJS.ProcessEnv => ({
    BLUEWATERS_STORE: `minio:${server.url}/bluewaters`,
    BLUEWATERS_MINIO_ACCESS_KEY: user,
    BLUEWATERS_MINIO_SECRET_KEY_FILE: join(secrets, `minio_${user}`),
  });
  return { server, makeUsers, environmentOf };
}

/** The same secrets, with a user in the place of root. */
async function secretsWithRoot(secrets: string, user: BusUser): Promise<string> {
  const folder = join(await temporaryDirectory(), 'secrets');
  await cp(secrets, folder, { recursive: true });
  await rm(join(folder, 'access_key'));
  await writeFile(join(folder, 'access_key'), user);
  await rm(join(folder, 'secret_key'));
  await cp(join(folder, `minio_${user}`), join(folder, 'secret_key'));
  return folder;
}
