import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startNats, temporaryDirectory, type TestServer } from '@bluewaters/testing';
import { bashOutput } from './docker.js';
import type { ServiceName } from './services.js';

/** A user on the bus of compose.yaml, beside that of its set-up. */
export type BusUser = ServiceName | 'cli';

/** The bus of compose.yaml as a process here: with its secrets, its certificate and its users. */
export interface ComposedBus {
  readonly server: TestServer;
  /** `tls://127.0.0.1:port`. */
  readonly url: string;
  /** Where `containers/make-secrets.sh` has put its secrets. */
  readonly secrets: string;
  /** What compose.yaml sets for a service, with the places of this machine. */
  environmentOf(user: BusUser | 'setup'): NodeJS.ProcessEnv;
  /** Makes what the server keeps, as happens at each start of compose.yaml. */
  setUp(): Promise<void>;
}

/** Makes secrets as a user of compose.yaml does, and starts NATS by the configuration among them, with all that it keeps made. */
export async function startComposedBus(): Promise<ComposedBus> {
  const secrets = join(await temporaryDirectory(), 'secrets');
  await bashOutput('containers/make-secrets.sh', { env: { SECRETS_FOLDER: secrets } });
  const places = { '/run/secrets/': `${secrets}/`, '127.0.0.1:8222': `127.0.0.1:${await freePort()}` };
  let text = await readFile(join(secrets, 'nats_server'), 'utf8');
  for (const [place, here] of Object.entries(places)) text = text.replaceAll(place, here);
  const configuration = join(await temporaryDirectory(), 'nats_server');
  await writeFile(configuration, text);
  const files = [join(secrets, 'nats_certificate'), join(secrets, 'nats_key')];
  const server = await startNats({ configuration: { file: configuration, files } });
  const url = server.url.replace('nats:', 'tls:');
  const environmentOf = (user: BusUser | 'setup'): NodeJS.ProcessEnv => ({
    BLUEWATERS_BUS: url,
    BLUEWATERS_NATS_CA_FILE: join(secrets, 'nats_ca'),
    BLUEWATERS_NATS_USER: user,
    BLUEWATERS_NATS_PASSWORD_FILE: join(secrets, `nats_${user}`),
  });
  const setUp = async (): Promise<void> => {
    await bashOutput('node containers/bus-setup.mjs', { env: environmentOf('setup') });
  };
  await setUp();
  return { server, url, secrets, environmentOf, setUp };
}
