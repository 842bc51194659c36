import { join } from 'node:path';
import { Datasets, Jobs, Models, openBus, type JobRecord, type MessageBus } from '@bluewaters/messages';
import { openStore, type ObjectStore } from '@bluewaters/storage';
import {
  freePort,
  MINIO_LOGIN,
  startMinio,
  startNats,
  temporaryDirectory,
  until,
  type TestServer,
} from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli, type Ended } from './support/cli.js';
import { digestFolder } from './support/folders.js';
import { archiveFlags, writeArchive, type ArchiveFiles } from './support/pictures.js';
import { SERVICES, startService, type ServiceName, type ServiceProcess } from './support/services.js';

const RECIPE = [
  ...['--epochs', '3', '--batch', '60', '--learning-rate', '0.01', '--checkpoint-every-steps', '20'],
  ...['--train-shards', '3', '--validation-share', '0.2'],
];

/** What killing a service in mid-work needs: the work that it must be at. */
const WORK = { ingest: 'ingest.v1.index', shards: 'shards.v1.build', training: 'training.v2.train' } as const;

describe('the line as four services over NATS and MinIO', { timeout: 180_000 }, () => {
  let directory: string;
  let archive: ArchiveFiles;
  let nats: TestServer;
  let minio: TestServer;
  let bus: MessageBus;
  let store: ObjectStore;
  let environment: NodeJS.ProcessEnv;
  let inferencePort: number;
  let embedded: { accuracy: number; shards: Record<string, string> };
  const services = new Map<ServiceName, ServiceProcess>();

  const start = async (name: ServiceName): Promise<void> =>
    void services.set(name, await startService(name, environment, inferencePort));
  const kill = async (name: ServiceName): Promise<void> => void (await services.get(name)?.kill());
  const line = (dataset: string): string[] => [
    'run',
    ...archiveFlags(archive),
    ...RECIPE,
    '--dataset',
    dataset,
    '--json',
  ];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    archive = await writeArchive(join(directory, 'archive'), { imagesPerSynset: 1500 });
    const ended = await runCli([...line('pictures'), '--store', join(directory, 'store')]);
    embedded = {
      accuracy: ended.json<{ accuracy: number }>().accuracy,
      shards: shardsOf(await digestFolder(join(directory, 'store/datasets/pictures'))),
    };
    [nats, minio] = await Promise.all([startNats(), startMinio()]);
    inferencePort = await freePort();
    environment = {
      ...process.env,
      BLUEWATERS_BUS: nats.url,
      // What a killed service was at comes again after this long.
      BLUEWATERS_NATS_ACK_WAIT_MS: '3000',
      BLUEWATERS_STORE: `minio:${minio.url}/bluewaters`,
      BLUEWATERS_MINIO_ACCESS_KEY: MINIO_LOGIN.accessKey,
      BLUEWATERS_MINIO_SECRET_KEY: MINIO_LOGIN.secretKey,
      BLUEWATERS_TRAINING_WORK_DIRECTORY: join(directory, 'work'),
    };
    Object.assign(process.env, environment);
    store = await openStore({ kind: 'minio', url: minio.url, bucket: 'bluewaters' });
    bus = await openBus({ kind: 'nats', url: nats.url });
    await Promise.all(SERVICES.map(start));
  }, 180_000);
  afterAll(async () => {
    await Promise.all(SERVICES.map(kill));
    await bus?.close();
    await store?.close();
  });

  /** Runs the command against the services. */
  const ask = (args: readonly string[]): Promise<Ended> => runCli(args, { env: environment });

  async function shardsInMinio(dataset: string): Promise<Record<string, string>> {
    const prefix = `datasets/${dataset}/`;
    const target = join(directory, `copy-${dataset}`);
    for await (const { key } of store.list(prefix)) await store.getFile(key, join(target, key.slice(prefix.length)));
    return shardsOf(await digestFolder(target));
  }

  /** The numbers that training tells Prometheus of runs under way, by their names. */
  async function toldOfRuns(): Promise<readonly string[]> {
    const series = await (await fetch(`${services.get('training')?.health}/metrics`)).text();
    return [...series.matchAll(/^bluewaters_run_(\w+)\{run="pictures-\w+"[^}]*\} [\d.]+$/gmu)].map(
      ([, name = '']) => name,
    );
  }

  it('gives the same shards byte for byte and the same answers as in one process, and tells of its steps', async () => {
    const running = startCli(line('pictures'), { env: environment });
    const figures = ['generation', 'ranks', 'step', 'epoch', 'loss', 'images_per_second', 'step_seconds'];
    await until('figures of the run', async () => isSubset(figures, await toldOfRuns()), 60_000);
    const ended = await running.ended;
    expect(await toldOfRuns()).toEqual([]);
    expect(ended.stderr).toMatch(/inference: pictures version 1 is ready on http/u);
    expect(ended.code).toBe(0);
    expect(ended.json<{ accuracy: number }>().accuracy).toBe(embedded.accuracy);
    expect(await shardsInMinio('pictures')).toEqual(embedded.shards);
  });

  it.each(Object.entries(WORK) as [keyof typeof WORK, string][])(
    'ends with the same shards and answers when %s is killed in mid-work and started again',
    async (name, subject) => {
      const dataset = `without-${name}`;
      const running = startCli(line(dataset), { env: environment });
      await untilJob(
        subject,
        ({ state, progress }) => state === 'running' && (name !== 'training' || (progress?.done ?? 0) > 3000),
      );
      await kill(name);
      await start(name);
      const ended = await running.ended;
      expect(ended.stderr).toContain('is ready on http');
      expect(ended.json<{ accuracy: number }>().accuracy).toBeGreaterThan(embedded.accuracy - 0.003);
      expect(await shardsInMinio(dataset)).toEqual(embedded.shards);
    },
  );

  async function untilJob(subject: string, holds: (record: JobRecord) => boolean): Promise<void> {
    const jobs = await bus.state(Jobs);
    const submittedAfter = Date.now() - 2000;
    await until(
      `${subject} to be at work`,
      async () => {
        const records = (await jobs.list()).map(({ value }) => value);
        return records.some((record) => record.work === subject && record.updatedAt > submittedAfter && holds(record));
      },
      60_000,
    );
  }

  it('ends with the same answers when inference is killed while it answers and started again', async () => {
    const running = startCli(line('pictures'), { env: environment });
    await running.line(/inference: pictures version 1 is ready/u);
    await kill('inference');
    await start('inference');
    const ended = await running.ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.json<{ accuracy: number }>().accuracy).toBe(embedded.accuracy);
  });

  it('answers again after inference was killed and started again', async () => {
    await kill('inference');
    await start('inference');
    const picture = join(directory, 'archive/picture.jpg');
    const ended = await ask(['classify', picture, '--model', 'pictures', '--top', '1', '--json']);
    expect(ended.json()).toMatchObject({ classified: [{ predictions: [{ synset: 'n01443537' }] }] });
  });

  it('shows runs on the page of training', async () => {
    const said = /"address":"(http:[^"]+)","msg":"a page shows the runs"/u;
    const address = said.exec(services.get('training')?.log() ?? '')?.[1];
    const overview = await fetch(`${address}/api/overview`);
    expect(await overview.json()).toMatchObject({ models: expect.arrayContaining([expect.anything()]) });
  });

  it('tells everything again from the store when the bus has lost its state', async () => {
    await nats.restart({ empty: true });
    await until(
      'datasets and models to be known again',
      async () => {
        const [datasets, models] = await Promise.all([bus.state(Datasets), bus.state(Models)]);
        return (await datasets.list()).length >= 4 && (await models.list()).length >= 4;
      },
      60_000,
    );
    const status = await ask(['status', '--json']);
    const { datasets } = status.json<{ datasets: { dataset: string }[] }>();
    expect(datasets.map(({ dataset }) => dataset)).toContain('pictures');
  });

  it('ends every service with 0 on SIGTERM', async () => {
    const codes = await Promise.all([...services.values()].map((service) => service.kill('SIGTERM')));
    expect(codes).toEqual([0, 0, 0, 0]);
  });
});

/** The TFRecord files alone: the manifest names its dataset. */
function shardsOf(digests: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(digests).filter(([name]) => /-of-\d+$/u.test(name)));
}

/** Whether all names are among the others. */
const isSubset = (names: readonly string[], others: readonly string[]): boolean =>
  names.every((name) => others.includes(name));
