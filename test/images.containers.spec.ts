import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@bluewaters/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { bash, bashOutput } from './support/docker.js';
import { ROOT } from './support/pages.js';
import { SERVICES } from './support/services.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const image = (name: string): string => `bluewaters/${name}:${version}`;

/** Bytes that an image may have. Most of one with TensorFlow is libtensorflow, 683 MB. */
const LIMITS = [
  ['ingest', 300e6],
  ['shards', 300e6],
  ['training', 1.2e9],
  ['inference', 1.2e9],
  ['cli', 1.2e9],
  ['blue-waters', 1.2e9],
] as const;

/** Services have health to be asked for; commands end with their work. */
const isService = (name: string): boolean => (SERVICES as readonly string[]).includes(name);

/** As strict as compose.yaml. */
const CONTAINED = '--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none';

interface ImageFacts {
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly Labels: Record<string, string>;
    readonly Entrypoint: string[];
    readonly Healthcheck?: { readonly Test: string[] };
  };
}

const inspect = async (name: string): Promise<ImageFacts> =>
  (JSON.parse(await bashOutput(`docker image inspect ${image(name)}`)) as [ImageFacts])[0];

/** What is in an image, looked at from within by its own user. */
const within = (name: string, line: string): Promise<string> =>
  bashOutput(`docker run --rm ${CONTAINED} --entrypoint bash ${image(name)} -c '${line}'`);

describe('the Dockerfile', () => {
  it('has nothing that hadolint complains of', async () => {
    expect(
      await bash('"$HADOLINT" containers/Dockerfile', { env: { HADOLINT: process.env['BLUEWATERS_HADOLINT'] } }),
    ).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

describe.each(LIMITS)('the image of %s', { timeout: 120_000 }, (name, limit) => {
  it(`is smaller than ${limit / 1e6} MB`, async () => {
    const { Size } = await inspect(name);
    console.info(`${image(name)}: ${Math.round(Size / 1e6)} MB`);
    expect(Size).toBeLessThan(limit);
  });

  it('stores and sends nothing but what is in it', async () => {
    const { Size } = await inspect(name);
    // A file with two names is stored once; its own user may not look into a few folders of the system’s.
    const files = await within(name, 'find / -xdev -type f -printf "%i %s\\n" 2>/dev/null | sort -u');
    const shown = files.split('\n').reduce((sum, file) => sum + Number(file.split(' ')[1]), 0);
    expect(Size).toBeLessThan(1.02 * shown);
  });

  it('says what it is, runs as a user of its own under tini, and says how its health is asked', async () => {
    const { Config } = await inspect(name);
    expect(Config.User).toBe('10001:10001');
    // There is none for the systems of Blue Waters’ years.
    expect(Config.Entrypoint[0]).toBe(name === 'blue-waters' ? 'node' : 'tini');
    expect(Config.Healthcheck?.Test[0]).toBe(isService(name) ? 'CMD' : 'NONE');
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.title': name,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/u),
    });
  });

  it('has no compiler, no package manager of Node’s, no source of ours, and TensorFlow only where it is needed', async () => {
    const found = await within(
      name,
      'command -v g++ gcc make python3 npm npx; find / -xdev -name "libtensorflow*.so*" -o -xdev -path "/opt/bluewaters/*/src/*.ts" -not -path "*/node_modules/*" 2>/dev/null; ls -d /opt/bluewaters/libs/storage/dist; id -u',
    );
    const files = found.split('\n');
    // What is compiled lies where sources are looked for.
    expect(files.splice(-2)).toEqual(['/opt/bluewaters/libs/storage/dist', '10001']);
    expect(files.filter((file) => !file.includes('libtensorflow'))).toEqual([]);
    expect(files.length > 0).toBe(limit > 300e6);
  });
});

describe('a container', { timeout: 120_000 }, () => {
  const started: string[] = [];

  afterEach(async () => {
    if (started.length > 0) await bashOutput(`docker rm --force --volumes ${started.splice(0).join(' ')}`);
  });

  it.each(SERVICES)(
    'of %s becomes healthy on a read-only root without rights, and ends with 0 at SIGTERM',
    async (name) => {
      const place = '-e BLUEWATERS_STORE=directory:/tmp/store -e BLUEWATERS_BUS=in-process --health-interval 1s';
      const id = await bashOutput(`docker run --detach ${CONTAINED} ${place} ${image(name)}`);
      started.push(id);
      const state = (field: string): Promise<string> =>
        bashOutput(`docker inspect --format '{{.State.${field}}}' ${id}`);
      await until(`${name} to be healthy`, async () => (await state('Health.Status')) === 'healthy', 60_000);
      await bashOutput(`docker stop --time 30 ${id}`);
      expect(await state('ExitCode')).toBe('0');
    },
  );

  it('that cannot be reached is unhealthy', async () => {
    const { code } = await bash(`docker run --rm ${CONTAINED} --entrypoint healthy ${image('ingest')} 9101 /readyz`);
    expect(code).not.toBe(0);
  });

  it('of the command has TensorFlow, and operations of our own beside it', async () => {
    const { stdout } = await bash(`docker run --rm ${CONTAINED} ${image('cli')} doctor`);
    expect(stdout).toMatch(/TensorFlow library .*2\.18/u);
    expect(stdout).toMatch(/perations.*\/opt\/tensorflow\/operations/u);
  });
});
