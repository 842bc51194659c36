import { cp, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash, bashOutput } from './support/docker.js';
import { commandsIn, markedBlock, ROOT } from './support/pages.js';

const COMPILED = ['libs', 'services', 'tools'];
const BESIDE = [
  'containers',
  'compose.yaml',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  'tsconfig.json',
];
const FILES = '--file compose.yaml --file containers/compose.development.yaml';
/** Of a service, which will say something more when it starts. */
const SOURCE = 'services/ingest/src/main.ts';

describe('docker compose at work on the sources', { timeout: 300_000 }, () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  const [start] = markedBlock(commandsIn('docs/compose.md'), 'development').lines;
  const logs = (service: string): Promise<string> =>
    bashOutput(`cd "$COPY" && docker compose ${FILES} logs --no-log-prefix ${service}`, { env: environment });

  beforeAll(async () => {
    folder = await temporaryDirectory();
    const copy = join(folder, 'sources');
    await mkdir(copy);
    const filter = (path: string): boolean => !/\/node_modules(?:\/|$)/u.test(path);
    for (const name of [...COMPILED, ...BESIDE])
      // What is compiled is so by times.
      await cp(join(ROOT, name), join(copy, name), { recursive: true, filter, preserveTimestamps: true });
    environment = {
      COMPOSE_PROJECT_NAME: `bluewaters-development-${process.pid}`,
      COPY: copy,
      SECRETS_FOLDER: join(folder, 'secrets'),
      CONSOLE_PORT: String(await freePort()),
    };
    await bashOutput('cd "$COPY" && containers/make-secrets.sh', { env: environment });
    await bashOutput('containers/build.sh development', { env: environment });
    await bashOutput(`cd "$COPY" && ${start} ingest`, { env: environment });
  }, 600_000);
  afterAll(async () => {
    await bash(`cd "$COPY" && docker compose ${FILES} down --volumes --timeout 10`, { env: environment });
  }, 120_000);

  it('starts a service again when a file that it runs has changed', async () => {
    const path = join(environment['COPY'] ?? '', SOURCE);
    await until('the compiler to watch', async () => (await logs('compiler')).includes('Watching for file'), 120_000);
    await writeFile(path, `process.stderr.write('compiled anew\\n');\n${await readFile(path, 'utf8')}`);
    // The compiler says that it watches before it does, by seconds where many compile: then one saves again.
    const saving = setInterval(() => void utimes(path, new Date(), new Date()), 10_000);
    await until('the change to run', async () => (await logs('ingest')).includes('compiled anew'), 120_000).finally(
      () => {
        clearInterval(saving);
      },
    );
    expect(await logs('compiler')).toMatch(/Found 0 errors/u);
  });
});
