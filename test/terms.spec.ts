/** docs/terms.md, as two people live through it on one store; and what each part does to whoever has no grant. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BuildShards,
  EvaluateModel,
  IndexArchive,
  InProcessBus,
  submitJob,
  Train,
  TrainRequest,
} from '@bluewaters/messages';
import { setTerms } from '@bluewaters/registry';
import { createLogger, createRegistry, type RunningService, type ServicePorts } from '@bluewaters/service';
import { IngestOptions, start as startIngest } from '@bluewaters/ingest';
import { ShardsOptions, start as startShards } from '@bluewaters/shards';
import { DirectoryStore } from '@bluewaters/storage';
import { start as startTraining, TrainingOptions } from '@bluewaters/training';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

const TEXT = 'For research and teaching. Do not pass the pictures on.\n';
const TRAINING = ['--dataset', 'flowers', '--network', 'lenet', '--epochs', '1', '--batch', '8', '--threads', '1'];

/** What a command said with `--json` when it failed. */
interface Failure {
  readonly error: { readonly code: string; readonly message: string };
}

describe('a dataset with terms, from its text to a revoked grant', { timeout: 300_000 }, () => {
  let directory: string;
  let store: string;
  let archive: string[];
  let signed: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    store = join(directory, 'store');
    archive = archiveFlags(await writeArchive(join(directory, 'archive'), { imagesPerSynset: 10 }));
    signed = join(directory, 'signed.pdf');
    await writeFile(signed, '%PDF-1.7 signed by Maria Curie');
    await writeFile(join(directory, 'terms.txt'), TEXT);
  });

  const as =
    (person: string) =>
    (...args: string[]): Promise<Ended> =>
      runCli([...args, '--store', store, '--json'], { env: { BLUEWATERS_PERSON: person } });
  const [carol, maria] = [as('carol'), as('maria')];

  const ingest = ['ingest', '--dataset', 'flowers'];
  const modeOf = async (folder: string): Promise<number> => (await stat(join(store, folder))).mode & 0o777;

  /** All that Maria would do with the dataset, once there is a model. */
  const uses = (): string[][] => [
    ['shards', 'build', '--dataset', 'flowers', '--train-shards', '2', '--validation-share', '0.2'],
    ['shards', 'verify', '--dataset', 'flowers'],
    ['train', ...TRAINING, '--run', 'marias'],
    ['evaluate', '--model', 'flowers', '--threads', '1'],
    ['checkpoint', 'export', 'carols', '--threads', '1'],
  ];

  /** How each use ends for her: `ok`, or the code and what is said to be missing. */
  async function outcomes(): Promise<string[]> {
    const told: string[] = [];
    for (const use of uses()) {
      const ended = await maria(...use);
      const { code = 'ok', message = '' } = ended.code === 0 ? {} : ended.json<Failure>().error;
      told.push(code === 'ok' ? code : `${code}: ${/got (.*)\)$/u.exec(message)?.[1]}`);
    }
    return told;
  }

  it('is refused to one who has no grant, part by part, and done for its custodian', async () => {
    const set = await carol('terms', 'set', 'flowers', '--text', join(directory, 'terms.txt'));
    expect(set.json()).toMatchObject({ dataset: 'flowers', custodian: 'carol' });
    const refused = await maria(...ingest, ...archive);
    expect(refused.json<Failure>().error).toMatchObject({
      code: 'ACCESS_REFUSED',
      message: expect.stringContaining('a grant of the custodian carol') as unknown,
    });
    expect((await carol(...ingest, ...archive)).code).toBe(0);
    const [build = []] = uses();
    expect((await carol(...build)).code).toBe(0);
    const trained = await carol('train', ...TRAINING, '--run', 'carols');
    expect(trained.code).toBe(0);
    const lacks = 'ACCESS_REFUSED: maria, who has not accepted the terms';
    expect(await outcomes()).toEqual(uses().map(() => lacks));
  });

  it('has its folders closed in a directory, each with a record that says why', async () => {
    for (const folder of ['archives/flowers', 'indexes/flowers', 'datasets/flowers']) {
      expect([folder, await modeOf(folder)]).toEqual([folder, 0o700]);
      const said = JSON.parse(await readFile(join(store, folder, 'restricted.json'), 'utf8')) as object;
      expect(said).toMatchObject({ dataset: 'flowers', custodian: 'carol' });
    }
  });

  it('has reports and events under the same terms: closed, with a record beside them and a line on each page', async () => {
    expect(await modeOf('runs/carols/checkpoint_dir')).toBe(0o700);
    const said = JSON.parse(
      await readFile(join(store, 'runs/carols/checkpoint_dir/restricted.json'), 'utf8'),
    ) as object;
    expect(said).toMatchObject({ dataset: 'flowers', custodian: 'carol' });
    expect(await readdir(join(store, 'runs/carols/checkpoint_dir/train'))).not.toEqual([]);
    for (const page of ['indexes/flowers/report.html', 'runs/carols/checkpoint_dir/report.html']) {
      expect(await readFile(join(store, page), 'utf8')).toContain('<b>Restricted.</b> This page is of the dataset');
    }
  });

  it('has tours of its archive under its terms, where they are told of it', async () => {
    const page = join(directory, 'tour.html');
    const tour = ['archive', 'tour', join(directory, 'archive/Images.tar'), '--pictures', '2', '--html', page];
    expect((await maria(...tour)).code).toBe(0);
    expect(await readFile(page, 'utf8')).not.toContain('Restricted');
    const refused = await maria(...tour, '--terms-of', 'flowers');
    expect(refused.json<Failure>().error.code).toBe('ACCESS_REFUSED');
    expect((await carol(...tour, '--terms-of', 'flwers')).json<Failure>().error.code).toBe('TERMS_INVALID');
    expect((await carol(...tour, '--terms-of', 'flowers')).json()).toMatchObject({ terms: { dataset: 'flowers' } });
    expect(await readFile(page, 'utf8')).toContain('<b>Restricted.</b>');
    expect((await stat(page)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(`${page}.restricted.json`, 'utf8'))).toMatchObject({ dataset: 'flowers' });
  });

  it('is accepted by the digest of the text that was read, and with the signed page', async () => {
    const shown = await maria('terms', 'show', 'flowers');
    const { sha256, text, standing } = shown.json<{ sha256: string; text: string; standing: string }>();
    expect([text, standing]).toEqual([TEXT, 'none']);
    const accept = (digest: string): Promise<Ended> =>
      maria('terms', 'accept', 'flowers', '--name', 'Maria Curie', '--digest', digest, '--evidence', signed);
    expect((await accept('0'.repeat(12))).json<Failure>().error.code).toBe('CONFIG_INVALID');
    expect((await accept(sha256.slice(0, 3))).json<Failure>().error.code).toBe('CONFIG_INVALID');
    const early = await carol('terms', 'grant', 'flowers', '--to', 'maria');
    expect(early.json<Failure>().error.code).toBe('TERMS_INVALID');
    expect((await accept(sha256.slice(0, 12))).json()).toMatchObject({ person: 'maria', name: 'Maria Curie', sha256 });
    const own = await maria('terms', 'grant', 'flowers', '--to', 'maria');
    expect(own.json<Failure>().error.code).toBe('ACCESS_REFUSED');
    const listed = await maria('terms', 'ls');
    expect(listed.json()).toMatchObject({ terms: [{ dataset: 'flowers', standing: 'accepted' }] });
    expect((await maria('shards', 'verify', '--dataset', 'flowers')).stdout).toContain('has no grant yet');
  });

  it('can be used like any other from the grant until it is revoked', async () => {
    const granted = await carol('terms', 'grant', 'flowers', '--to', 'maria');
    expect(granted.code).toBe(0);
    // There is no such account on this machine, and the command says so instead of opening anything.
    expect(granted.json()).toMatchObject({ person: 'maria', opened: false });
    expect(granted.stderr).toContain('the folders stay closed');
    expect(await outcomes()).toEqual(uses().map(() => 'ok'));
    const shown = await carol('terms', 'show', 'flowers');
    expect(shown.json()).toMatchObject({ standing: 'custodian', grants: [{ person: 'maria', grantedBy: 'carol' }] });
    expect((await carol('terms', 'revoke', 'flowers', '--from', 'maria')).code).toBe(0);
    for (const use of [uses()[1], uses()[2]]) {
      expect((await maria(...(use ?? []))).stdout).toContain('ACCESS_REFUSED');
    }
  });

  it('ends all grants when its text changes', async () => {
    await carol('terms', 'grant', 'flowers', '--to', 'maria');
    await writeFile(join(directory, 'terms.txt'), `${TEXT}Cite us.\n`);
    const set = (who: typeof carol): Promise<Ended> =>
      who('terms', 'set', 'flowers', '--text', join(directory, 'terms.txt'));
    expect((await set(maria)).json<Failure>().error.code).toBe('ACCESS_REFUSED');
    expect((await set(carol)).json()).toMatchObject({ ended: [{ person: 'maria', revoked: { by: 'carol' } }] });
    expect((await maria('shards', 'verify', '--dataset', 'flowers')).stdout).toContain('has not accepted the terms');
  });
});

describe('services asked over the bus', () => {
  let ports: ServicePorts;
  let services: RunningService[];
  const image = { path: '/nowhere/Images.tar' };
  const digest = '0'.repeat(64);

  beforeAll(async () => {
    const path = await temporaryDirectory();
    const store = new DirectoryStore(path);
    const log = createLogger({ service: 'test', level: 'silent' });
    ports = { bus: new InProcessBus(), store, log, metrics: createRegistry() };
    await setTerms(store, 'flowers', { text: TEXT, by: 'carol' });
    const training = { store: { kind: 'directory', path }, workDirectory: join(path, 'work'), coordinator: false };
    services = [
      await startIngest(IngestOptions.parse({}), ports),
      await startShards(ShardsOptions.parse({}), ports),
      await startTraining(TrainingOptions.parse(training), ports),
    ];
  });
  afterAll(() => Promise.all(services.map((service) => service.stop())));

  const job = (person?: string) => ({ job: randomUUID(), person });
  const asked: Record<string, (person?: string) => Promise<unknown>> = {
    ingest: (person) =>
      submitJob(
        ports.bus,
        IndexArchive,
        { dataset: 'flowers', images: image, maxRefused: 0, check: 'header' },
        job(person),
      ),
    shards: (person) =>
      submitJob(
        ports.bus,
        BuildShards,
        {
          ...{ dataset: 'flowers', index: digest, trainShards: 1, validationShards: 1, seed: 1 },
          validation: { kind: 'share', share: 0.1 },
        },
        job(person),
      ),
    training: (person) => {
      const request = TrainRequest.parse({
        ...{ run: 'r', dataset: 'flowers', manifest: digest, network: 'lenet', model: 'm', epochs: 1, batch: 8 },
        ...{ imageSize: 28, learningRate: 0.01, momentum: 0.9, weightDecay: 0, seed: 1 },
        ...{ checkpointEverySteps: 4, keepCheckpoints: 2 },
      });
      return submitJob(ports.bus, Train, request, job(person));
    },
    evaluation: (person) =>
      submitJob(
        ports.bus,
        EvaluateModel,
        { model: 'm', version: 1, dataset: 'flowers', manifest: digest, split: 'validation', batch: 8 },
        job(person),
      ),
  };

  it.each(Object.keys(asked))('refuse %s for who says no name, or one without a grant', async (part) => {
    const refusal = { code: 'ACCESS_REFUSED', details: { file: 'terms/flowers/terms.json' } };
    await expect(asked[part]!()).rejects.toMatchObject(refusal);
    await expect(asked[part]!('mallory')).rejects.toMatchObject(refusal);
  });
});
