import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, until } from '@bluewaters/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COMMAND, runCli } from './support/cli.js';
import { findProcess, hasOption } from './support/dataset.js';
import { APPLICATIONS, HELLO } from './support/cray-applications.js';
import { startCluster, type Cluster } from './support/cluster.js';
import { ROOT } from './support/pages.js';
import { writeArchive } from './support/pictures.js';

/** A job takes seconds on an idle machine. */
const PATIENCE = 400_000;

describe('a cluster on one host', { timeout: 900_000 }, () => {
  let cluster: Cluster;
  let archive: { readonly images: string; readonly synsets: string; readonly words: string; readonly picture: string };
  let store: string;

  beforeAll(async () => {
    cluster = await startCluster();
    store = join(cluster.workdir, 'run');
    archive = await anArchive(join(cluster.workdir, 'archive'));
  }, 120_000);
  // A test that fails leaves jobs, for whose nodes the others would wait until the walltime.
  afterEach(() => cluster.clear(), 120_000);
  afterAll(() => cluster.stop());

  /** Photographs where the machine has some. */
  async function anArchive(folder: string): Promise<typeof archive> {
    await mkdir(folder);
    const real = process.env['BLUEWATERS_DATA'];
    if (!real) return { ...(await writeArchive(folder)), picture: join(folder, 'picture.jpg') };
    const [images, picture] = [join(real, 'cifar10/Images.tar.gz'), join(folder, 'picture.jpg')];
    const extract = 'tar -xzOf "$0" n02691156.tar | tar -xOf - n02691156_7.JPEG > "$1"';
    await promisify(execFile)('bash', ['-c', extract, images, picture]);
    return { images, synsets: join(real, 'cifar10/synsets.txt'), words: join(real, 'cifar10/words.txt'), picture };
  }

  /** The first images of each synset. */
  async function aList(): Promise<string> {
    const list = join(cluster.workdir, 'list.txt');
    const names = (await readFile(archive.synsets, 'utf8')).split('\n').filter(Boolean);
    const taken = names.flatMap((synset) => Array.from({ length: 40 }, (_, n) => `${synset} ${synset}_${n + 1}`));
    await writeFile(list, taken.join('\n'));
    return list;
  }

  /** Submits the chain for a site whose nodes are all alike. @returns The numbers of its jobs. */
  async function submit(system: string, launcher: string, options: readonly string[]): Promise<string[]> {
    const machine = join(cluster.workdir, `${system}.json`);
    const job = { nodeType: 'any', nodes: 1, queue: 'normal', walltime: '01:00:00', cores: 8 };
    const site = {
      ...{ description: 'one host', source: 'tools/dev-cluster', container: { runtime: 'none' } },
      batch: { system, launcher, queues: { normal: { walltime: '48:00:00' } } },
      ...{ jobs: { prepare: job, train: job } },
      nodeTypes: { any: { description: 'pretended', nodes: 4, cores: 16, gpus: 0 } },
    };
    await writeFile(machine, JSON.stringify(site));
    const shards = ['--train-shards', '4', '--validation-shards', '2'];
    const training = ['--network', 'lenet', '--batch', '40', '--threads', '1'];
    const pictures = ['--images', archive.images, '--synsets', archive.synsets, '--image-list', await aList()];
    const all = ['submit', '--machine', machine, ...pictures, ...shards, ...training, ...options, '--json'];
    const said = JSON.parse(await cluster.call(process.execPath, COMMAND, ...all)) as { jobs: { number: string }[] };
    return said.jobs.map(({ number }) => number);
  }

  it('runs the three jobs of the talk in a chain, on one rank a node, to a checkpoint and a prediction', async () => {
    const { words, picture } = archive;
    const four = ['--dataset', 'd', '--words', words, '--epochs', '3', '--nodes', '4'];
    const jobs = await submit('pbs', 'aprun', four);
    await cluster.ended(jobs.at(-1) ?? '', PATIENCE);

    const said = await cluster.output(jobs.at(-1) ?? '');
    expect(said).toContain('on nid00001,nid00002,nid00003,nid00004 from ');
    expect(said).toContain(`result in ${store}/runs/d-lenet/checkpoint_dir`);
    const entry = await readFile(join(store, 'runs/d-lenet/checkpoint_dir/run.json'), 'utf8');
    expect(JSON.parse(entry)).toMatchObject({ state: 'done', epoch: 3, version: 1 });
    const { code, stdout } = await runCli(['classify', picture, '--model', 'd', '--store', store]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/picture\.jpg .* n\d{8} +[\d.]+ %/u);
  });

  it('sees by a straight line whether its nodes reach one another, under either batch system', async () => {
    const job = await cluster.qsub(pbs('simple_regression'), ['-l', 'nodes=1:ppn=4:xe+2:ppn=4:xk']);
    await cluster.ended(job, PATIENCE);
    const [line, twins] = [/^ {2}y = 0\.\d{3} x - [23]\.\d{3} after /mu, join(cluster.workdir, 'line.out')];
    expect(await cluster.output(job)).toMatch(line);
    const resources = ['--nodes=2', '--ntasks-per-node=1', '--time=5', `--output=${twins}`, '--ignore-pbs'];
    await cluster.call('sbatch', '--wait', ...resources, '--export=ALL', pbs('simple_regression'));
    expect(await readFile(twins, 'utf8')).toMatch(line);
  });

  it('runs the same chain by Slurm alone, from the file of a site', async () => {
    const jobs = await submit('slurm', 'srun', ['--dataset', 'e', '--epochs', '1', '--nodes', '2']);
    const said = join(cluster.workdir, `distributed_tf_launch.o${jobs.at(-1)}`);
    const isOver = async (): Promise<boolean> => (await cluster.call('squeue', '--noheader', '--me')) === '';
    await until('the last job to be over', async () => (await sleep(500), isOver()), PATIENCE);
    expect(await readFile(said, 'utf8')).toMatch(/^# srun --nodes=2 --ntasks=2 .* train --world-size 2 /mu);
    expect(await readFile(said, 'utf8')).toContain(`result in ${store}/runs/e-lenet/checkpoint_dir`);
  });

  it('runs a twin for Slurm too, by srun alone', async () => {
    const twin = await readFile(join(ROOT, 'pbs/slurm/distributed_tf_launch.sbatch'), 'utf8');
    const script = join(cluster.workdir, 'twin.sbatch');
    // Without the line that names what Delta has.
    await writeFile(script, twin.replace(/^#SBATCH --partition.*\n/mu, ''));
    const given = 'DATASET=d,RUN=twin,NETWORK=lenet,BATCH=40,EPOCHS=2,THREADS=1,MARGIN=60';
    const resources = ['--nodes=2', '--ntasks-per-node=1', '--time=10', '--output=twin.out'];
    await cluster.call('sbatch', '--wait', ...resources, `--export=ALL,${given}`, script);
    const said = await readFile(join(cluster.workdir, 'twin.out'), 'utf8');
    expect(said).toMatch(/^# srun --nodes=2 --ntasks=2 .* train --world-size 2 --stop-after 5\d\d /mu);
    expect(said).toContain(`result in ${store}/runs/twin/checkpoint_dir`);
  });

  it('runs the chain as the talk did: a parameter server on a node without a GPU, workers on the others, to a prediction', async () => {
    const { images, synsets, words, picture } = archive;
    const talk = { DATASET: 'talk', STORE: store };
    const index = { ...talk, IMAGES: images, SYNSETS: synsets, WORDS: words, LIST: await aList() };
    const one = ['-l', 'nodes=1:ppn=8:xe'];
    const first = await cluster.qsub(pbs('extract_data_from_archive'), one, index);
    const shares = { ...talk, TRAIN_SHARDS: '4', VALIDATION_SHARDS: '2' };
    const after = (job: string): string[] => ['-W', `depend=afterok:${job}`];
    const second = await cluster.qsub(pbs('build_imagenet_data'), [...one, ...after(first)], shares);
    const training = { ...talk, NETWORK: 'lenet', BATCH: '40', EPOCHS: '3', THREADS: '1', SERVERS: '1' };
    const nodes = ['-l', 'nodes=1:ppn=8:xe+3:ppn=8:xk', ...after(second)];
    const job = await cluster.qsub(pbs('distributed_tf_launch'), nodes, training);
    await cluster.ended(job, PATIENCE);
    const said = await cluster.output(job);
    expect(said).toMatch(/^# job \S+ on nid00001,nid00002,nid00003,nid00004 from /mu);
    expect(said).toMatch(/^# aprun -b -n 4 -N 1 .* train --world-size 4 .* --servers 1 /mu);
    const entry = await readFile(join(store, 'runs/talk-lenet/checkpoint_dir/run.json'), 'utf8');
    expect(JSON.parse(entry)).toMatchObject({ state: 'done', epoch: 3, version: 1 });
    const { stdout } = await runCli(['classify', picture, '--model', 'talk', '--store', store]);
    expect(stdout).toMatch(/picture\.jpg .* n\d{8} +[\d.]+ %/u);
  });

  it('serves a model from a node until the job is ended, and says by what tunnel it is reached', async () => {
    const port = await freePort();
    const job = await cluster.qsub(pbs('serve'), ['-l', 'nodes=1:ppn=4:xk'], { PORT: String(port), STORE: store });
    const model = `http://127.0.0.1:${port}/v1/models/d/image`;
    const body = await readFile(archive.picture);
    const headers = { 'content-type': 'image/jpeg' };
    const ask = (): Promise<Response | undefined> =>
      fetch(model, { method: 'POST', headers, body }).catch(() => undefined);
    await until('an answer of the job', async () => (await ask())?.ok ?? false, PATIENCE);
    expect(await (await ask())?.json()).toMatchObject({ predictions: expect.any(Array) as unknown });
    expect(await cluster.output(job)).toMatch(
      new RegExp(`^serve: from your own machine: ssh -L ${port}:nid\\d{5}:${port} \\S+, then open http://127`, 'mu'),
    );
    await cluster.call('qdel', job);
    await cluster.ended(job, PATIENCE);
    await until('the job to be silent', async () => (await ask()) === undefined, PATIENCE);
  });

  it('survives the loss of a rank and the end of the walltime', async () => {
    // So many epochs that the walltime ends first; once it has, fewer are asked for.
    const options = join(cluster.workdir, 'options.json');
    await writeFile(options, JSON.stringify({ epochs: 100_000 }));
    const training = {
      ...{ DATASET: 'd', RUN: 'long', NETWORK: 'lenet', BATCH: '40', THREADS: '1', MARGIN: '75' },
      TRAIN_OPTIONS: `--config ${options}`,
    };
    const two = ['-l', 'nodes=2:ppn=8,walltime=00:02:00'];
    const job = await cluster.qsub(pbs('distributed_tf_launch'), two, training);
    const says = (what: RegExp): Promise<void> => cluster.says(job, what, PATIENCE);
    await says(/training: epoch [2-9]\d* of 100,?000/u);
    const { stdout } = await promisify(execFile)('pgrep', ['-f', 'bin/bluewaters.mjs train .*--run long ']);
    const ranks = stdout.trim().split('\n').map(Number);
    process.kill(Math.max(...ranks), 'SIGKILL');
    await says(/a rank was lost \(code \d+\): starting again from the last checkpoint/u);
    await says(/the walltime ends: going on in the next job/u);
    const entry = join(store, 'runs/long/checkpoint_dir/run.json');
    const { epoch } = JSON.parse(await readFile(entry, 'utf8')) as { epoch: number };
    await writeFile(options, JSON.stringify({ epochs: epoch + 1 }));
    await cluster.ended(job, PATIENCE);
    const said = await cluster.output(job);
    expect(said).toContain('going on from the checkpoint of step');
    expect(said).toMatch(/result in \S+\/runs\/long\/checkpoint_dir\n$/u);
    expect(JSON.parse(await readFile(entry, 'utf8'))).toMatchObject({ state: 'done', version: 3 });
  });

  it('trains on a spare node in the place of the one that a rank was lost on', async () => {
    const training = { DATASET: 'd', RUN: 'spare', NETWORK: 'lenet', BATCH: '40', THREADS: '1', SPARES: '1' };
    const options = join(cluster.workdir, 'spare.json');
    await writeFile(options, JSON.stringify({ epochs: 100_000 }));
    const three = ['-l', 'nodes=3:ppn=4,walltime=00:10:00'];
    const given = {
      ...training,
      ...{ TRAIN_OPTIONS: `--config ${options}`, COORDINATOR: '1' },
      BLUEWATERS_NATS_SERVER: process.env['BLUEWATERS_NATS_PROGRAM'] ?? 'nats-server',
    };
    const job = await cluster.qsub(pbs('distributed_tf_launch'), three, given);
    const isOn = (...nodes: readonly string[]): Promise<void> =>
      cluster.says(job, new RegExp(`^# job \\S+ on ${nodes.join()} from `, 'mu'), PATIENCE);
    await isOn('nid00001', 'nid00002');
    await cluster.says(job, /training: epoch [2-9]\d* of 100,?000/u, PATIENCE);
    // Rank 0 has brought a coordinator along, which all find by a file.
    const bus = `file:${join(cluster.workdir, `logs/distributed_tf_launch.${job}.0.bus`)}`;
    expect(await cluster.output(job)).toContain(`coordinated; see --bus ${bus}, `);
    const status = await runCli(['status', '--json', '--bus', bus, '--store', store]);
    expect(status.code, `${status.stderr}\n${await cluster.output(job)}`).toBe(0);
    expect(status.json()).toMatchObject({ coordinated: [{ run: 'spare', ranks: 2, arrived: 2 }] });
    await writeFile(options, JSON.stringify({ epochs: 20 }));
    process.kill(await findProcess(isRankOn('spare', 'nid00002')), 'SIGKILL');
    await isOn('nid00001', 'nid00003');
    await cluster.ended(job, PATIENCE);
    const said = await cluster.output(job);
    expect(said).toMatch(/coordinated; see --bus file:\S+\.1\.bus, /u);
    expect(said).toContain('it was on nid00002: going on without that node, on nid00001,nid00003');
    expect(said).toContain('going on from the checkpoint of step');
    expect(said).toMatch(/result in \S+\/runs\/spare\/checkpoint_dir\n$/u);
  });

  it('outlives a node that fails as a whole, by its spare one', async () => {
    const options = join(cluster.workdir, 'failing.json');
    await writeFile(options, JSON.stringify({ epochs: 100_000 }));
    const training = { DATASET: 'd', RUN: 'failing', NETWORK: 'lenet', BATCH: '40', THREADS: '1', SPARES: '1' };
    const given = { ...training, TRAIN_OPTIONS: `--config ${options}` };
    const job = await cluster.qsub(pbs('distributed_tf_launch'), ['-l', 'nodes=3:ppn=4,walltime=00:10:00'], given);
    await cluster.says(job, /training: epoch [2-9]\d* of 100,?000/u, PATIENCE);
    await cluster.node('fail', 'nid00002');
    await writeFile(options, JSON.stringify({ epochs: 20 }));
    await cluster.ended(job, PATIENCE);
    const said = await cluster.output(job);
    expect(said).toContain('srun: error: Node failure on nid00002');
    expect(said).toContain('it was on nid00002: going on without that node, on nid00001,nid00003');
    expect(said).toMatch(/result in \S+\/runs\/failing\/checkpoint_dir\n$/u);
    await cluster.node('repair', 'nid00002');
  });

  it('runs applications as strictly as a Cray, and a job after its condition only', async () => {
    await writeFile(join(cluster.workdir, 'hello'), HELLO);
    await chmod(join(cluster.workdir, 'hello'), 0o755);
    await writeFile(join(cluster.workdir, 'job.pbs'), APPLICATIONS);
    const job = await cluster.qsub('job.pbs', ['-l', 'walltime=00:05:00'], { A: 'x y, 2' });
    await cluster.ended(job, PATIENCE);
    const said = await cluster.output(job);
    expect(said).toContain('nodes 4 first 1 lines 20 A=x y, 2 walltime 300');
    expect(said).toContain('server 0 of 4 sum 6 nid00001');
    expect(said).toMatch(/worker 3 of 4 sum 6 nid00004/u);
    expect(said).toMatch(/calls MPI_Init, but another ended without it|ended without MPI_Init, which others called/u);
    expect(said).toContain('process 0 did not call MPI_Init within 2 s, others did');
    expect(said).toContain('ended without MPI_Finalize');
    expect(said).toContain('nid00002 would run two executables');
    const codes = [...said.matchAll(/^(mpmd|bystander|waiting|hasty|shared|without|killed) (\d+)$/gmu)];
    expect(codes.map(([line]) => line)).toEqual([
      ...['mpmd 0', 'bystander 1', expect.stringMatching(/^waiting [1-9]/u), 'hasty 1', 'shared 1', 'without 75'],
      'killed 137',
    ]);

    await writeFile(join(cluster.workdir, 'fails.pbs'), '#!/bin/bash\nexit 1\n');
    const fails = await cluster.qsub('fails.pbs', ['-h']);
    const waits = await cluster.qsub('job.pbs', ['-W', `depend=afterok:${fails}`]);
    expect(await Promise.all([fails, waits].map(cluster.state))).toEqual(['Q', 'Q']);
    await cluster.call('scontrol', 'release', fails.replace('.bw', ''));
    await cluster.ended(waits, PATIENCE);
    expect(await cluster.output(waits)).toBe('');
  });
});

/** Looks for the program itself: what starts it on a node has another first argument. */
const isRankOn =
  (run: string, node: string) =>
  (args: readonly string[], environment: readonly string[]): boolean =>
    (args[1] ?? '').endsWith('bluewaters.mjs') &&
    hasOption(args, '--run', run) &&
    environment.includes(`SLURMD_NODENAME=${node}`);

const pbs = (name: string): string => join(ROOT, 'pbs', `${name}.pbs`);
