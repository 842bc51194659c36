import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort, syntheticWordNet, temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listVerbs, runCli, startCli, type Ended } from './support/cli.js';
import { filesBelow } from './support/folders.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

/** 13 steps: enough for a trace. */
const TRAINING = ['--dataset', 'd', '--network', 'lenet', '--epochs', '1', '--batch', '8'];

/** Of a trace, what is looked at here. */
interface Trace {
  readonly traceEvents: readonly { readonly name: string; readonly dur?: number }[];
}

/** TensorBoard is a program of Python's, ranks are MPI's, a coordinator's orders need NATS: their own tests have --json. */
const ELSEWHERE = [
  'tensorboard',
  'launch',
  'coordinate',
  ...['stop', 'pause', 'resume', 'scale', 'evaluate', 'submit', 'admit'].map((o) => `runs ${o}`),
];

describe('--json', { timeout: 300_000 }, () => {
  let directory: string;
  let store: string[];
  let archive: string[];
  let wordnet: string[];
  beforeAll(async () => {
    directory = await temporaryDirectory();
    archive = archiveFlags(await writeArchive(join(directory, 'archive')));
    const { data, index } = syntheticWordNet();
    await writeFile(join(directory, 'data.noun'), data);
    await writeFile(join(directory, 'index.noun'), index);
    wordnet = ['--wordnet', directory];
    store = ['--store', join(directory, 'store')];
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** Serves until it answers, then ends it as Ctrl-C does. */
  async function serveForAMoment(): Promise<Ended> {
    const port = await freePort();
    const serving = startCli(['serve', ...store, '--port', String(port), '--json']);
    await until('the service answers', () => answers(`http://127.0.0.1:${port}/`), 60_000);
    serving.process.kill('SIGINT');
    return serving.ended;
  }

  const runIn = (verb: string, ...args: string[]) => {
    return (): Promise<Ended> => runCli([...verb.split(' '), ...args, ...store, '--json']);
  };

  /** Enters that another has signed the terms, as their custodian may. */
  async function acceptTerms(): Promise<Ended> {
    const evidence = join(directory, 'signed.pdf');
    await writeFile(evidence, '%PDF-1.7');
    const shown = await runCli(['terms', 'show', 'd', ...store, '--json']);
    const { sha256 } = shown.json<{ readonly sha256: string }>();
    const said = ['--digest', sha256, '--evidence', evidence, '--name', 'N. N.', '--for', 'nobody'];
    return runCli(['terms', 'accept', 'd', ...said, ...store, '--json']);
  }

  /** The model that was trained, as weights of another's. */
  const published = (): string[] => {
    const [saved, synsets] = [join(directory, 'store/models/d/1'), join(directory, 'archive/synsets.txt')];
    return [saved, '--network', 'lenet', '--model', 'again', '--synsets', synsets];
  };

  /** How each verb ends well, in an order in which each finds what it needs; and what its object has. */
  const walk = (): Record<string, [end: () => Promise<Ended>, field: string]> => ({
    ingest: [runIn('ingest', ...archive, '--dataset', 'd'), 'imagesPerSecond'],
    'archive tour': [
      (): Promise<Ended> => runCli(['archive', 'tour', archive[1]!, '--pictures', '1', '--json']),
      'tree',
    ],
    'synsets show': [(): Promise<Ended> => runCli(['synsets', 'show', 'dog', ...wordnet, '--json']), 'synsets'],
    'shards build': [runIn('shards build', '--dataset', 'd', '--train-shards', '2'), 'dataset'],
    'shards verify': [runIn('shards verify', '--dataset', 'd'), 'examples'],
    'shards ls': [runIn('shards ls'), 'datasets'],
    'terms set': [runIn('terms set', 'd', '--text', archive[3]!), 'custodian'],
    'terms show': [runIn('terms show', 'd'), 'standing'],
    'terms accept': [acceptTerms, 'acceptedAt'],
    'terms grant': [runIn('terms grant', 'd', '--to', 'nobody'), 'grantedAt'],
    'terms revoke': [runIn('terms revoke', 'd', '--from', 'nobody'), 'revoked'],
    'terms ls': [runIn('terms ls'), 'terms'],
    'networks ls': [(): Promise<Ended> => runCli(['networks', 'ls', '--json']), 'networks'],
    'networks show': [(): Promise<Ended> => runCli(['networks', 'show', 'lenet', '--json']), 'memory'],
    train: [runIn('train', ...TRAINING, '--trace'), 'version'],
    'checkpoint ls': [runIn('checkpoint ls', 'd-lenet'), 'checkpoints'],
    'checkpoint show': [runIn('checkpoint show', 'd-lenet'), 'variables'],
    'checkpoint repair': [runIn('checkpoint repair', 'd-lenet'), 'done'],
    'checkpoint export': [runIn('checkpoint export', 'd-lenet', '--model', 'e'), 'version'],
    'checkpoint prune': [runIn('checkpoint prune', 'd-lenet'), 'kept'],
    'models import': [runIn('models import', ...published()), 'imported'],
    'models ls': [runIn('models ls'), 'models'],
    evaluate: [runIn('evaluate', '--model', 'd'), 'confusions'],
    submit: [runIn('submit', ...archive.slice(0, 4), '--machine', 'bluewaters', '--dry-run'), 'script'],
    'image check': [
      (): Promise<Ended> => runCli(['image', 'check', join(directory, 'archive'), '--machine', 'local', '--json']),
      'findings',
    ],
    plan: [(): Promise<Ended> => runCli(['plan', '--network', 'lenet', '--json']), 'plans'],
    'recipes ls': [(): Promise<Ended> => runCli(['recipes', 'ls', '--json']), 'recipes'],
    'recipes show': [(): Promise<Ended> => runCli(['recipes', 'show', 'goyal', '--json']), 'hyperparameters'],
    status: [runIn('status'), 'models'],
    classify: [runIn('classify', join(directory, 'archive/picture.jpg'), '--model', 'd'), 'classified'],
    serve: [serveForAMoment, 'address'],
    run: [runIn('run', ...archive, '--dataset', 'r', '--epochs', '1', '--batch', '24'), 'accuracy'],
    regression: [(): Promise<Ended> => runCli(['regression', '--json']), 'slope'],
    doctor: [(): Promise<Ended> => runCli(['doctor', '--json']), 'findings'],
  });

  it('ends every verb that the command lists with one JSON object of its result', async () => {
    const verbs = walk();
    expect([...Object.keys(verbs), ...ELSEWHERE].sort()).toEqual((await listVerbs()).sort());
    for (const [verb, [end, field]] of Object.entries(verbs)) {
      const ended = await end();
      expect([verb, ended.code, ended.stdout.trimEnd().split('\n').length]).toEqual([verb, 0, 1]);
      expect(ended.json(), verb).toHaveProperty(field);
    }
  });

  it('of a training run with --trace comes with a file that says how long each convolution took', async () => {
    const within = join(directory, 'store');
    const [file] = (await filesBelow(within)).filter((name) => name.endsWith('checkpoint_dir/trace.json'));
    const { traceEvents } = JSON.parse(await readFile(join(within, file!), 'utf8')) as Trace;
    const convolutions = traceEvents.filter(({ name }) => name.includes('Conv2D'));
    expect(convolutions.length).toBeGreaterThan(0);
    expect(convolutions.every(({ dur = 0 }) => dur > 0)).toBe(true);
  });
});
