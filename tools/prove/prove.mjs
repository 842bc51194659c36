/**
 * The proofs that take too long for `npm test`, or whose figures belong to a machine: `npm run prove`, or
 * `npm run prove -- quickstart killed` for some of them. Each says what it demands, fails when that is not met, and prints
 * a line for docs/results.md. Run them with nothing else going on.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fuzz } from './src/fuzz/fuzz.mjs';

const FUZZ_SEED = 1;
const FUZZ_MINUTES = 10;

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = join(REPOSITORY, 'tools/cli/bin/bluewaters.mjs');

/** @typedef {{ code: number | null, result: any }} Ended */

/**
 * Runs `bluewaters` with `--json`; what it tells people passes through.
 *
 * @param {readonly string[]} args
 * @param {number} [killAfterMs] SIGKILL after so long.
 * @returns {Promise<Ended>}
 */
function bluewaters(args, killAfterMs) {
  const child = spawn(process.execPath, [COMMAND, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      const last = stdout.trimEnd().split('\n').at(-1);
      resolve({ code, result: last ? JSON.parse(last) : undefined });
    });
  });
}

/** @param {string} store */
function shardDigests(store) {
  const folder = join(store, 'datasets/mnist');
  const names = readdirSync(folder).filter((name) => /-of-\d+$/u.test(name));
  return names
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
    .join('\n');
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(2)} %`;

/** @param {boolean} holds @param {string} demand */
function demand(holds, demand) {
  if (!holds) throw new Error(`not met: ${demand}`);
}

/** The slope of a line through values at 0, 1, 2, … by least squares. @param {readonly number[]} values */
function slope(values) {
  const middle = (values.length - 1) / 2;
  const weights = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return values.reduce((sum, value, i) => sum + value * (i - middle), 0) / weights;
}

/** Pictures of a class to learn the first classes from, to fine-tune on, and to judge by. */
const MANY = 1_500;
const SHOTS = 20;
const HELD_OUT = 200;

/**
 * An archive of the first few pictures of some synsets.
 *
 * @param {string} images
 * @param {readonly string[]} synsets
 * @param {{ folder: string, dataset: string, count: number }} options
 */
function firstPictures(images, synsets, { folder, dataset, count }) {
  const inside = join(folder, `${dataset}-pictures`);
  mkdirSync(inside);
  /** @param {readonly string[]} args */
  const tar = (...args) => execFileSync('tar', args, { cwd: inside, encoding: 'utf8', maxBuffer: 64 << 20 });
  const names = synsets.map((synset) => `${synset}.tar`);
  tar('xf', images, ...names);
  for (const name of names) {
    const members = tar('tf', name).trim().split('\n').slice(0, count);
    tar('xf', name, ...members);
    tar('cf', name, ...members);
  }
  tar('cf', `../${dataset}.tar`, ...names);
  return join(folder, `${dataset}.tar`);
}

/** Each resolves to what it found, in words. @type {Record<string, (folder: string) => Promise<string>>} */
const PROOFS = {
  async quickstart(folder) {
    const { code, result } = await bluewaters(['run', '--quickstart', '--store', folder]);
    demand(code === 0 && result.top1 >= 0.985, 'at least 98.5 % of 10,000 held-out digits');
    demand(result.seconds < 180, 'under 3 minutes on 2 cores');
    const seconds = result.seconds.toFixed(0);
    return `${percent(result.top1)} of 10,000 held-out digits, ${seconds} s in all, training at ${result.imagesPerSecond.toFixed(0)} images/s`;
  },
  async killed(folder) {
    const whole = join(folder, 'whole');
    const killed = join(folder, 'killed');
    const reference = await bluewaters(['run', '--quickstart', '--store', whole]);
    const kills = [4_000, 9_000, 15_000, 20_000, 25_000, 30_000];
    for (const afterMs of kills) await bluewaters(['run', '--quickstart', '--store', killed], afterMs);
    const ended = await bluewaters(['run', '--quickstart', '--store', killed]);
    demand(ended.code === 0, 'the line ends');
    demand(shardDigests(killed) === shardDigests(whole), 'the same shards byte for byte');
    const apart = Math.abs(ended.result.top1 - reference.result.top1);
    demand(apart <= 0.003, 'an accuracy within 0.3 points');
    return `after ${kills.length} SIGKILLs the same shards, accuracy ${percent(apart)} apart`;
  },
  async keras(folder) {
    const python = process.env['BLUEWATERS_PYTHON'];
    if (!python) return 'left out: BLUEWATERS_PYTHON does not name a Python with TensorFlow';
    await bluewaters(['run', '--quickstart', '--epochs', '1', '--store', folder, '--minimum-accuracy', '0.95']);
    const shards = readdirSync(join(folder, 'datasets/mnist')).filter((name) => /^train-.*-of-\d+$/u.test(name));
    const paths = shards.map((name) => join(folder, 'datasets/mnist', name));
    /** @type {number[]} */
    const ratios = [];
    const figures = [];
    for (const turn of ['a', 'b', 'c']) {
      const ours = await bluewaters(['train', '--dataset', 'mnist', '--epochs', '2', '--run', turn, '--store', folder]);
      const keras = execFileSync(python, [join(REPOSITORY, 'tools/prove/keras_lenet.py'), ...paths], {
        encoding: 'utf8',
        env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '3' },
      });
      const rates = [ours.result.imagesPerSecond, Number(keras.trimEnd().split('\n').at(-1))];
      ratios.push(rates[0] / rates[1]);
      figures.push(rates.map((rate) => rate.toFixed(0)).join(' against '));
    }
    const median = [...ratios].sort((a, b) => a - b)[1] ?? 0;
    return `lenet on MNIST's shards, images/s, ours against Keras: ${figures.join(', ')}; median ratio ${median.toFixed(2)}`;
  },
  /** 8 pictures of full size through six networks here and in Python, with one thread and with two: it takes long. */
  async parity(folder) {
    if (!process.env['BLUEWATERS_PYTHON']) return 'left out: BLUEWATERS_PYTHON does not name a Python with TensorFlow';
    const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
    const findings = join(folder, 'findings.jsonl');
    for (const spec of ['parity.python', 'parity-threads.python']) {
      execFileSync(process.execPath, [vitest, 'run', '--project', 'models', spec], {
        cwd: REPOSITORY,
        env: { ...process.env, BLUEWATERS_PARITY: findings },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
    }
    const found = readFileSync(findings, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [alone, together] = [1, 2].map((threads) => found.filter((one) => one.threads === threads));
    const networks = alone.map(({ network, variables }) => `${network} (${variables} variables)`).join(', ');
    const largest = Math.max(...together.map((one) => one.largest.relative)).toPrecision(2);
    return `one step at full size, batch 8, of ${networks}: with one thread the loss and every variable are equal bit for bit; with two the largest difference of a variable, relative to its largest value, is ${largest}`;
  },
  async leak() {
    const program = join(REPOSITORY, 'tools/prove/many_steps.mjs');
    const output = execFileSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8' });
    const { steps, handles, residentMiB } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
    demand(
      handles.every((/** @type {number} */ count) => count === handles[0]),
      'as many native handles as at first',
    );
    const perThousand = slope(residentMiB);
    demand(perThousand < 0.5, `less than 0.5 MiB more in 1,000 steps: got ${perThousand.toFixed(2)}`);
    const [first, last] = [residentMiB[0], residentMiB.at(-1)].map((mib) => mib.toFixed(0));
    return `${steps} steps of lenet's training step, its pictures fed anew: ${handles[0]} handles throughout, ${first} MiB resident after 1,000 and ${last} at the end, ${perThousand.toFixed(2)} MiB more in 1,000 steps`;
  },
  async cifar10(folder) {
    const images = process.env['BLUEWATERS_DATA'];
    if (!images) return 'left out: BLUEWATERS_DATA does not name the real images';
    const from = join(images, 'cifar10');
    const files = ['--images', join(from, 'Images.tar.gz'), '--synsets', join(from, 'synsets.txt')];
    const recipe = ['--words', join(from, 'words.txt'), '--network', 'cifarnet', '--epochs', '4', '--store', folder];
    const { code, result } = await bluewaters(['run', ...files, ...recipe]);
    demand(code === 0 && result.top1 >= 0.68, 'at least 68 % of 5,000 held-out pictures after 4 epochs');
    return `${percent(result.top1)} of ${result.heldOut} held-out pictures after 4 epochs, ${result.seconds.toFixed(0)} s in all`;
  },
  /** 20 pictures a class of five classes of CIFAR-10, after the other five and from nothing. */
  async finetune(folder) {
    const images = process.env['BLUEWATERS_DATA'];
    if (!images) return 'left out: BLUEWATERS_DATA does not name the real images';
    const from = join(images, 'cifar10');
    const synsets = readFileSync(join(from, 'synsets.txt'), 'utf8').trim().split('\n');
    const [many, few] = [0, 1].map((parity) => synsets.filter((_, n) => n % 2 === parity));
    for (const [dataset, listed, shots] of /** @type {const} */ ([
      ['many', many, MANY],
      ['few', few, SHOTS],
    ])) {
      const list = join(folder, `${dataset}.txt`);
      writeFileSync(list, listed.join('\n'));
      const archive = firstPictures(join(from, 'Images.tar.gz'), listed, { folder, dataset, count: shots + HELD_OUT });
      const named = ['--dataset', dataset, '--store', folder];
      await bluewaters(['ingest', '--images', archive, '--synsets', list, ...named]);
      await bluewaters(['shards', 'build', '--validation-share', String(HELD_OUT / (shots + HELD_OUT)), ...named]);
    }
    const store = ['--store', folder];
    const parent = await bluewaters(['train', '--dataset', 'many', '--network', 'cifarnet', '--epochs', '4', ...store]);
    const short = ['train', '--dataset', 'few', '--batch', '10', '--epochs', '20', ...store];
    const kept = ['--from', 'many', '--freeze', 'conv*', '--from-rate', '0.1'];
    const tuned = await bluewaters([...short, ...kept, '--run', 'tuned']);
    const scratch = await bluewaters([...short, '--network', 'cifarnet', '--run', 'scratch']);
    const [one, other] = [tuned, scratch].map(({ result }) => result.evaluation.top1);
    const apart = 'fine-tuning 5 points above training from nothing';
    demand(tuned.code === 0 && one >= other + 0.05, `${apart}: got ${percent(one)} and ${percent(other)}`);
    const { evaluation } = parent.result;
    return `cifarnet after 4 epochs of ${MANY} pictures of each of five classes of CIFAR-10 (${percent(evaluation.top1)} right), then ${SHOTS} pictures of each of the other five for 20 epochs: ${percent(one)} of ${few.length * HELD_OUT} held-out pictures, from nothing ${percent(other)}`;
  },
  async fuzz() {
    const { findings, steps, tried, accepted, refused, runs } = await fuzz({
      seed: FUZZ_SEED,
      ms: FUZZ_MINUTES * 60_000,
      onFinding: (finding) => console.error(JSON.stringify(finding)),
    });
    demand(findings.length === 0, `no death, hang or error without a code; got ${findings.length}`);
    return `seed ${FUZZ_SEED}, ${FUZZ_MINUTES} minutes: ${steps} graphs, ${tried} operations tried, ${accepted} accepted, ${refused} refused, ${runs} runs; deaths 0, hangs 0, errors without a code 0`;
  },
};

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: REPOSITORY, encoding: 'utf8' }).trim();
const machine = `${availableParallelism()} cores of ${cpus()[0]?.model.trim()}`;
const asked = process.argv.slice(2);
const lines = [];
for (const name of asked.length > 0 ? asked : Object.keys(PROOFS)) {
  const proof = PROOFS[name];
  if (!proof) throw new Error(`there is no proof ${name}; there are ${Object.keys(PROOFS).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'bluewaters-prove-'));
  try {
    lines.push(`| \`npm run prove -- ${name}\` | ${commit} | ${machine} | ${await proof(folder)} |`);
  } catch (error) {
    lines.push(`| \`npm run prove -- ${name}\` | ${commit} | ${machine} | FAILED: ${String(error)} |`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(lines.join('\n'));
