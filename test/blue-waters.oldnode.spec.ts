import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '@bluewaters/images';
import { makeTar, temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { digestFolder } from './support/folders.js';
import { archiveFlags, SYNSETS, writeArchive } from './support/pictures.js';
import { TrainedRuns } from './support/trained-runs.js';

const node = process.env['BLUEWATERS_OLD_NODE'] ?? '';
const real = process.env['BLUEWATERS_DATA'];

/** Loaded before a program: ends it where it reaches for the codec, for whatever reason. */
const TRAP = `
const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...rest) {
  if (/(^|node_modules\\/)(sharp$|sharp\\/|@img\\/)/.test(request)) throw new Error(request + ' was loaded');
  return load.call(this, request, ...rest);
};
`;

const INGEST = ['ingest', '--dataset', 'd'];
const BUILD = ['shards', 'build', '--dataset', 'd', '--train-shards', '2', '--validation-share', '0.2'];
const TRAINING = [
  ...['--dataset', 'd', '--network', 'lenet', '--batch', '24', '--learning-rate', '0.005', '--threads', '1'],
  ...['--epochs', '2'],
];

describe.skipIf(node === '')('Blue Waters has Node.js 16 [BLUEWATERS_OLD_NODE]', { timeout: 300_000 }, () => {
  let directory: string;
  let trap: string;
  let pictures: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    trap = join(directory, 'trap.cjs');
    await writeFile(trap, TRAP);
    pictures = await archive();
    expect(await of20(...INGEST, ...pictures)).toMatchObject({ code: 0 });
    expect(await of20(...BUILD)).toMatchObject({ code: 0 });
  }, 300_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** Photographs where the machine has some. */
  async function archive(): Promise<string[]> {
    if (!real) return archiveFlags(await writeArchive(join(directory, 'archive')));
    const synsets = join(directory, 'synsets.txt');
    await writeFile(synsets, 'n01440764\nn02102040\n');
    return ['--images', join(real, 'imagenette224/Images.tar'), '--synsets', synsets];
  }

  const store = (name: string): string => join(directory, name);

  /** Runs a verb in a store of its own, by the Node.js of this test or by the old one. */
  const run = (name: string, args: readonly string[], by?: string): Promise<Ended> => {
    const options = by === undefined ? {} : { node: by, env: { NODE_OPTIONS: `--require ${trap}` } };
    return runCli([...args, '--store', store(name)], options);
  };
  const of20 = (...args: string[]): Promise<Ended> => run('new', args);
  const of16 = (...args: string[]): Promise<Ended> => run('old', args, node);

  it('is what this test runs on', () => {
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(/^v16\.20\./u);
  });

  it('indexes ordinary pictures there, and builds the shards of today’s Node.js, byte by byte', async () => {
    expect(await of16(...INGEST, ...pictures)).toMatchObject({ code: 0 });
    expect(await of16(...BUILD)).toMatchObject({ code: 0 });
    const [old, made] = await Promise.all(['old', 'new'].map((name) => digestFolder(store(`${name}/datasets`))));
    expect(Object.keys(made ?? {})).toContain('d/manifest.json');
    expect(old).toEqual(made);
    expect((await of16('shards', 'verify', '--dataset', 'd')).stdout).toMatch(/records in \d+ shards are sound/u);
  });

  it('makes sure of every pixel there', async () => {
    expect(await run('full', [...INGEST, ...pictures, '--check', 'full'], node)).toMatchObject({ code: 0 });
  });

  it('trains on them there to the weights of today’s Node.js, registers the model and evaluates it', async () => {
    const trained = await of16('train', ...TRAINING, '--run', 'one', '--json');
    expect(trained).toMatchObject({ code: 0 });
    const { steps } = trained.json<{ steps: number }>();
    expect((await run('old', ['train', ...TRAINING, '--run', 'other', '--model', 'other'])).code).toBe(0);
    const runs = new TrainedRuns(store('old'), steps);
    expect(await runs.distance('one', 'other')).toBe(0);
    const { code, stdout } = await of16('evaluate', '--model', 'd', '--json');
    expect(code).toBe(0);
    const { evaluation } = JSON.parse(stdout) as { evaluation: { loss: number } };
    expect(evaluation.loss).toBeCloseTo(await runs.lossOf('other'), 4);
  });

  it('trains there on two ranks that exchange gradients, and makes a model of their last checkpoint', async () => {
    const launched = await of16(
      'launch',
      '--ranks',
      '2',
      '--over',
      'grpc',
      '--json',
      '--',
      'train',
      ...TRAINING,
      '--run',
      'two',
    );
    expect(launched.stderr).not.toContain('error');
    expect(launched.json<{ generations: number }>()).toMatchObject({ generations: 1 });
    expect(await of16('checkpoint', 'export', 'two', '--model', 'two')).toMatchObject({ code: 0 });
    expect(Object.keys(await digestFolder(store('old/models/two')))).toContain('1/saved_model.pb');
  });

  it('says there what it found and how fast it is, and fits a line by a parameter server, as smoke tests do', async () => {
    expect((await runCli(['doctor', '--json'], { node })).stdout).toMatch(/"name":"TensorFlow","found":true/u);
    const synthetic = ['train', '--synthetic', '--network', 'lenet', '--batch', '8', '--threads', '1'];
    const measured = await runCli([...synthetic, '--warmup-batches', '1', '--batches', '3'], { node });
    expect(measured.stdout).toMatch(/total images\/sec: \d/u);
    expect((await runCli(['regression', '--servers', '1', '--workers', '2'], { node })).stdout).toMatch(
      /y = 0\.3\d* x - /u,
    );
  });

  it('says of a picture that has to be decoded which Node.js that needs', async () => {
    const png = Buffer.from(await encodePng(new Uint8Array(32 * 32 * 3), { width: 32, height: 32, channels: 3 }));
    const [synset] = SYNSETS;
    const images = join(directory, 'odd/Images.tar');
    await mkdir(join(directory, 'odd'));
    await writeFile(
      images,
      makeTar([{ name: `${synset}.tar`, bytes: makeTar([{ name: `${synset}_1.JPEG`, bytes: png }]) }]),
    );
    const refused = await run('odd', [...INGEST, '--images', images], node);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /error TOOL_MISSING: .*expected Node\.js 20\.9 and glibc 2\.28, or newer, got Node\.js 16\.20/u,
    );
    expect(await run('odd', [...INGEST, '--images', images])).toMatchObject({ code: 0 });
  });
});
