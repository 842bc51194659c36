import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, serverImage, temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { bash, bashOutput } from './support/docker.js';
import { digestFolder } from './support/folders.js';
import { commandsIn, markedBlock, readPage, ROOT, tableIn } from './support/pages.js';
import { writeArchive } from './support/pictures.js';
import { SERVICES } from './support/services.js';

const PAGE = 'docs/compose.md';
/** What is running after `up`, and what has ended by then. */
const ALWAYS = [...SERVICES, 'minio', 'nats', 'ranks'];
const ONCE = ['bus-setup', 'minio-users'];
const EVERYTHING = '--profile cli --profile ranks --profile metrics';
/** Of who is killed when. */
const SEED = Number(process.env['BLUEWATERS_SEED'] ?? Date.now() % 1e6);
const RECIPE = ['--batch', '50', '--train-shards', '3', '--checkpoint-every-steps', '10'];

/** The commands that the page marks with `<!-- run: NAME -->`. */
const marked = (name: string): readonly string[] => markedBlock(commandsIn(PAGE), name).lines;

/** Prints the digest of every shard as JSON; runs in the container of the command. */
const DIGESTS = `
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openStore } from '@bluewaters/storage';
const store = await openStore({ kind: 'minio', url: 'http://minio:9000', bucket: 'bluewaters' });
const digests = {};
for await (const { key } of store.list('datasets/pictures/')) {
  if (!/-of-\\d+$/.test(key)) continue;
  await store.getFile(key, '/tmp/shard');
  digests[key.split('/').at(-1)] = createHash('sha256').update(await readFile('/tmp/shard')).digest('hex');
}
await store.close();
console.log(JSON.stringify(digests));
`;

/** Tries to send work in the name of a service. */
const INTRUDE = `
import { defineWork, openBus } from '@bluewaters/messages';
import { z } from 'zod';
const bus = await openBus({ kind: 'nats', url: process.env.BLUEWATERS_BUS });
const train = defineWork('training.v2.train', z.any(), z.any());
await bus.submit(train, {}).then(() => console.log('sent'), ({ code }) => console.log(code));
await bus.close();
`;

interface ComposedService {
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: string[];
  readonly security_opt?: string[];
  readonly healthcheck?: { readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly secrets?: { readonly source: string }[];
  readonly ports?: { readonly host_ip?: string }[];
  readonly deploy?: { readonly resources: { readonly limits: { readonly memory: string } } };
}

describe('docker compose', { timeout: 300_000 }, () => {
  let environment: NodeJS.ProcessEnv;
  let shards: Record<string, string>;
  const compose = (line: string): Promise<string> => bashOutput(`docker compose ${line}`, { env: environment });
  /** The services, with all that is left out in the files. */
  const configured = async (options: string): Promise<Readonly<Record<string, ComposedService>>> =>
    (JSON.parse(await compose(`${options} config --format json`)) as { services: Record<string, ComposedService> })
      .services;
  /** Ends the program of a service as a crash would: tini goes with it, and the container ends. */
  const crash = (service: string) => bash(`docker compose exec ${service} bash -c "kill -9 -1"`, { env: environment });
  /** The servers that are the first of their container cannot be crashed from within. */
  const kill = (service: string) =>
    /nats|minio/u.test(service)
      ? bash(`docker compose kill ${service} && docker compose start ${service}`, { env: environment })
      : crash(service);
  /** How a run stands, as the page has it. */
  const stands = async (name: string): Promise<{ state: string; epoch: number } | undefined> => {
    const overview = await fetch(`http://127.0.0.1:${environment['PAGE_PORT']}/api/overview`);
    const { runs } = (await overview.json()) as { runs: { run: string; record?: { state: string; epoch: number } }[] };
    return runs.find(({ run }) => run === name)?.record;
  };

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    await writePictures(join(directory, 'archive'));
    environment = {
      COMPOSE_PROJECT_NAME: `bluewaters-test-${process.pid}`,
      SECRETS_FOLDER: join(directory, 'secrets'),
      INFERENCE_PORT: String(await freePort()),
      CONSOLE_PORT: String(await freePort()),
      PAGE_PORT: String(await freePort()),
      ACK_WAIT_MS: '3000',
      PICTURES: join(directory, 'archive'),
    };
    const flags = ['images', 'synsets', 'words'].flatMap((name) => [
      `--${name}`,
      join(directory, 'archive', name === 'images' ? 'Images.tar' : `${name}.txt`),
    ]);
    const embedded = ['run', ...flags, '--dataset', 'pictures', '--network', 'lenet', '--epochs', '1', ...RECIPE];
    const ended = await runCli([...embedded, '--store', join(directory, 'store')]);
    expect(ended.code, ended.stderr).toBe(0);
    shards = shardsOf(await digestFolder(join(directory, 'store/datasets/pictures')));
    for (const line of marked('start')) await bashOutput(line, { env: environment });
  }, 300_000);
  afterAll(async () => {
    await bash(`docker compose ${EVERYTHING} down --volumes --timeout 20`, { env: environment });
  }, 120_000);

  it('has every service of the page contained: no rights, a read-only root, loopback ports, limits, health', async () => {
    const services = await configured(EVERYTHING);
    expect(Object.keys(services).sort()).toEqual(
      [...ALWAYS, ...ONCE, 'cli', 'grafana', 'prometheus', 'rank-0', 'rank-1'].sort(),
    );
    expect(services).toMatchObject({
      nats: { image: serverImage('NATS_IMAGE') },
      minio: { image: serverImage('MINIO_IMAGE') },
      prometheus: { image: serverImage('PROMETHEUS_IMAGE') },
    });
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expectContained(services);
    for (const [name, { image }] of Object.entries(services)) {
      const own = ONCE.includes(name) ? 'ingest' : name.replace(/^rank(?:s|-\d)$/u, 'cli');
      if (image.startsWith('bluewaters/')) expect(image).toBe(`bluewaters/${own}:${version}`);
    }
  });

  it('starts who is asked before who asks, and nobody with a secret of another', async () => {
    const services = await configured(EVERYTHING);
    const [done, healthy] = [{ condition: 'service_completed_successfully' }, { condition: 'service_healthy' }];
    for (const name of [...SERVICES, 'cli', 'rank-0', 'rank-1', 'ranks']) {
      expect(services[name]?.depends_on, name).toMatchObject({ 'bus-setup': done, 'minio-users': done });
      const owner = name.replace(/^rank.*/u, 'training');
      const secrets = services[name]?.secrets?.map(({ source }) => source).sort();
      expect(secrets, name).toEqual([`minio_${owner}`, 'nats_ca', `nats_${owner}`]);
    }
    expect(services['bus-setup']?.depends_on).toMatchObject({ nats: healthy });
    expect(services['minio-users']?.depends_on).toMatchObject({ minio: healthy });
  });

  it('has a variant with the images for GPUs, all of which it asks for', async () => {
    const files = '--file compose.yaml --file containers/compose.gpu.yaml';
    const services = await configured(`${files} --profile cli`);
    const device = { driver: 'nvidia', count: -1, capabilities: ['gpu'] };
    for (const name of ['training', 'inference', 'cli', 'ranks']) {
      expect(services[name]?.image, name).toMatch(/^bluewaters\/(?:training|inference|cli):.*-gpu$/u);
      expect(services[name]?.deploy?.resources, name).toMatchObject({ reservations: { devices: [device] } });
    }
    expectContained(services);
  });

  it('gives the same shards byte for byte as one process, whoever is killed on the way, and serves the model', async () => {
    const left = shuffled(['ingest', 'shards', 'training', 'nats', 'minio'], SEED);
    console.info(`seed ${SEED}: kills ${left.join(', ')}`);
    const killed: Promise<unknown>[] = [];
    let last = 0;
    // Whoever is next, some time after the one before, while there is work.
    const onLine = (line: string): void => {
      if (!/^ *(?:ingest|shards|training): /u.test(line) || Date.now() < last + 3000) return;
      const next = left.shift();
      if (next === undefined) return;
      last = Date.now();
      killed.push(kill(next));
    };
    const [run = '', status = ''] = marked('line').map((line) =>
      line.replace('$PWD/archive', '$PICTURES').replace('--json', `${RECIPE.join(' ')} --json`),
    );
    const output = await bashOutput(run, { env: environment, onLine });
    expect(killed.length).toBeGreaterThan(1);
    await Promise.all(killed);
    expect(JSON.parse(output.split('\n').at(-1) ?? '')).toMatchObject({ heldOut: expect.any(Number) });
    expect(await bashOutput(status, { env: environment })).toMatch(/pictures/u);
    const digests = await bashOutput(
      'docker compose run --rm --workdir /opt/bluewaters/tools/cli --entrypoint node cli --input-type module --eval "$DIGESTS"',
      { env: { ...environment, DIGESTS } },
    );
    expect(JSON.parse(digests)).toEqual(shards);
  });

  it('takes a run that is submitted, and trains it on the two ranks that stand by', async () => {
    const [line = ''] = marked('submitted');
    await bashOutput(line.replace('--network', '--run stood-by --epochs 2 --network'), { env: environment });
    await until('the run to be done', async () => (await stands('stood-by'))?.state === 'done', 120_000);
    const report = await compose('logs --no-log-prefix ranks');
    expect(report).toMatch(/2 ranks/u);
  });

  it('has Prometheus hear every service, where it is asked for', async () => {
    const [all = ''] = marked('metrics');
    // Where no registry answers Grafana's image cannot be had.
    await bashOutput(`${all} prometheus`, { env: environment });
    const query = 'wget -qO- http://127.0.0.1:9090/api/v1/query?query=up';
    const up = async (): Promise<unknown[]> => {
      const { data } = JSON.parse(await compose(`--profile metrics exec prometheus ${query}`)) as {
        data: { result: { value: [number, string] }[] };
      };
      return data.result.map(({ value }) => value[1]);
    };
    await expect.poll(up, { timeout: 60_000, interval: 1000 }).toEqual(SERVICES.map(() => '1'));
  });

  it('runs the quickstart, and serves what it has learned', async () => {
    const [line = ''] = marked('quickstart');
    await bashOutput(`${line} --epochs 1 --minimum-accuracy 0.9`, { env: environment });
    const served = await fetch(`http://127.0.0.1:${environment['INFERENCE_PORT']}/v1/models`);
    expect(await served.text()).toContain('mnist');
  });

  it('answers on loopback', async () => {
    const models = await fetch(`http://127.0.0.1:${environment['INFERENCE_PORT']}/v1/models`);
    expect(await models.text()).toContain('pictures');
    const overview = await fetch(`http://127.0.0.1:${environment['PAGE_PORT']}/api/overview`);
    expect(await overview.text()).toContain('pictures');
  });

  it('trains a run on two ranks, one of which crashes on the way', async () => {
    const recipe = '--run together --network lenet --epochs 6 --checkpoint-every-steps 10';
    const [line = ''] = marked('ranks');
    const training = bash(line, { env: { ...environment, TRAIN: recipe } });
    await until('the second epoch', async () => ((await stands('together'))?.epoch ?? 0) > 0, 120_000);
    await crash('rank-1');
    expect((await training).stdout).toMatch(/going on from the checkpoint of step \d+/u);
    expect(await stands('together')).toMatchObject({ state: 'done', epoch: 6 });
  });

  it('starts again what crashed', async () => {
    const state = await compose('ps --format "{{.Service}} {{.State}}"');
    expect(state.split('\n').sort()).toEqual([...ALWAYS, 'prometheus'].sort().map((name) => `${name} running`));
    for (const line of marked('watch')) await bashOutput(line, { env: environment });
  });

  it('lets no service but the command send work', async () => {
    const intrude =
      'docker compose exec --workdir /opt/bluewaters/services/inference inference node --input-type module --eval "$INTRUDE"';
    expect(await bashOutput(intrude, { env: { ...environment, INTRUDE } })).toBe('BUS_REFUSED');
  });

  it('shows no secret', async () => {
    const secrets = await bashOutput(
      'cat "$SECRETS_FOLDER"/secret_key "$SECRETS_FOLDER"/{minio,nats}_*[a-z] | grep -oE "[0-9a-f]{40}"',
      { env: environment },
    );
    const shown = (await compose('logs --no-log-prefix')) + (await compose('config'));
    for (const secret of secrets.split('\n')) expect(shown).not.toContain(secret);
  });
});

describe(PAGE, () => {
  it('lists every variable of compose.yaml, and none that there is not', () => {
    const asked = [...readPage('containers/compose.yaml').matchAll(/\$\{(\w+):-([^}]*)\}/gu)];
    const listed = tableIn(PAGE, 'variable').map(([name = '', value = '']) => `${name}: ${value}`);
    // A digest has 64 digits, which nobody reads.
    const shown = asked.map(([, name, value = '']) => `\`${name}\`: \`${value.replace(/@sha256:.*/u, '')}\``);
    expect(listed.sort()).toEqual([...new Set(shown)].sort());
  });
});

function expectContained(services: Readonly<Record<string, ComposedService>>): void {
  for (const [name, service] of Object.entries(services)) {
    const contained = { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
    expect(service, name).toMatchObject(contained);
    expect(Number(service.deploy?.resources.limits.memory), name).toBeGreaterThan(0);
    expect((service.ports ?? []).map(({ host_ip }) => host_ip).filter((address) => address !== '127.0.0.1')).toEqual(
      [],
    );
  }
}

/** In an order that the seed decides. */
function shuffled(names: readonly string[], seed: number): string[] {
  const at = (name: string): string => createHash('sha256').update(`${seed} ${name}`).digest('hex');
  return [...names].sort((a, b) => (at(a) < at(b) ? -1 : 1));
}

/** Real photographs where they are to be had, else waves that look like some. */
async function writePictures(folder: string): Promise<void> {
  const real = join(process.env['BLUEWATERS_DATA'] ?? '', 'imagenette224');
  if (!existsSync(join(real, 'Images.tar'))) return void (await writeArchive(folder, { imagesPerSynset: 500 }));
  await mkdir(folder, { recursive: true });
  for (const file of ['Images.tar', 'synsets.txt', 'words.txt']) await cp(join(real, file), join(folder, file));
}

/** The TFRecord files alone: the manifest names its dataset. */
function shardsOf(digests: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(digests).filter(([name]) => /-of-\d+$/u.test(name)));
}
