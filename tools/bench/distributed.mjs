/**
 * `npm run bench:distributed`: how fast ranks exchange gradients, and what training together costs them, also beside what
 * `bluewaters plan` foresees; how fast a parameter server is reached; what a coordinator of many costs. Ranks share the cores of this machine, one thread each.
 * Run it with nothing else going on; it takes about ten minutes.
 *
 *   npm run bench:distributed                   all lines
 *   npm run bench:distributed -- --only NAME    allReduces, weakScaling, plans, roundTrips or coordination
 *   npm run bench:distributed -- --turns 5      turns of each side (3 by default)
 *   npm run bench:distributed -- --json         one line of JSON for each
 *
 * It needs MPICH and a C compiler; PyTorch is had as for `bench:train`. Ends with 1 when a line misses its goal.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getTorch } from '../setup/src/readers.mjs';
import { beside, race } from './comparison.mjs';
import { coordination } from './distributed/coordinator.mjs';
import { planned } from './distributed/planned.mjs';
import { findPlace } from './place.mjs';
import { median, Side } from './side.mjs';

/** Of ResNet-50: 102 MB of gradients, in so many tensors. */
const NUMBERS = 25_557_032;
const TENSORS = 161;
const TIMES = 12;
const RANKS = 2;
const BATCH = 64;
const STEPS = 30;

/** @typedef {import('./comparison.mjs').Place} Place */
/** @typedef {{ work: string, against: string, ours: string, theirs: string, ratio: number, goal: number }} Line */

/** @param {string} program @param {readonly string[]} args @param {Record<string, string | undefined>} env */
const numbersOf = (program, args, env) =>
  execFileSync(program, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] })
    .trim()
    .split('\n')
    .map(Number)
    .filter(Number.isFinite);

/** Ranks under MPI. @param {number} ranks @param {readonly string[]} command @param {Place} place */
const mpi = (ranks, command, { tuned }) => numbersOf('mpiexec', ['-n', String(ranks), ...command], tuned);

/** @param {number} ranks @param {string} script @param {readonly (string | number)[]} args @param {Place} place */
const ours = (ranks, script, args, place) =>
  mpi(ranks, [process.execPath, beside(`distributed/${script}`), ...args.map(String)], place);

/** Plain C, linked with the library that ranks find. @param {string} folder */
function compileAllReduce(folder) {
  const program = join(folder, 'all_reduce');
  const source = beside('distributed/all_reduce.c');
  const listed = execFileSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/sbin` },
  });
  const library = /=> (\S*\/libmpi(?:ch)?\.so\.12)\b/u.exec(listed)?.[1];
  if (library === undefined) throw new Error('MPICH is not here: on Debian `apt-get install mpich`');
  execFileSync('cc', ['-O2', '-o', program, source, library]);
  return program;
}

/**
 * Turns of two measurements, and the median of the ratio of their neighbours.
 *
 * @param {number} turns
 * @param {() => number} mine Seconds.
 * @param {() => number} other
 */
function takeTurns(turns, mine, other) {
  const pairs = Array.from({ length: turns }, (_, turn) => {
    if (turn % 2 === 0) return { mine: mine(), other: other() };
    const second = other();
    return { mine: mine(), other: second };
  });
  return {
    mine: median(pairs.map((pair) => pair.mine)),
    other: median(pairs.map((pair) => pair.other)),
    ratio: median(pairs.map((pair) => pair.other / pair.mine)),
  };
}

/** After the first two, which pay for memory. @param {readonly number[]} seconds */
const settled = (seconds) => median(seconds.slice(2));

/** @param {Place} place @returns {Line[]} */
function allReduces(place) {
  const program = compileAllReduce(place.folder);
  const lines = [];
  for (const ranks of [2, 4]) {
    for (const tensors of [1, TENSORS]) {
      const { mine, other, ratio } = takeTurns(
        place.turns,
        () => settled(ours(ranks, 'rank_all_reduce.mjs', [NUMBERS, tensors, TIMES], place)),
        () => settled(mpi(ranks, [program, String(NUMBERS), String(TIMES)], place)),
      );
      lines.push({
        work: `102 MB in ${tensors} tensors, inside the graph, ${ranks} ranks`,
        against: 'MPI_Allreduce in C, one buffer',
        ...{ ours: `${(1000 * mine).toFixed(0)} ms`, theirs: `${(1000 * other).toFixed(0)} ms`, ratio, goal: 0.9 },
      });
    }
  }
  return lines;
}

/**
 * One way to train on several ranks.
 *
 * @typedef {{ name: string, seconds: (how: 'together' | 'apart') => number }} Stack
 */

/** @param {Place} place @returns {Promise<Stack[]>} */
async function stacks(place) {
  const plan = [String(RANKS), String(BATCH), String(STEPS)];
  const last = (/** @type {readonly number[]} */ numbers) => numbers.at(-1) ?? NaN;
  const mirrored = beside('distributed/mirrored.py');
  /** @type {Stack[]} */
  const found = [
    { name: 'ours', seconds: (how) => last(ours(RANKS, 'rank_train.mjs', [how, 'resnet-20', BATCH, STEPS], place)) },
    {
      name: 'TensorFlow, MultiWorkerMirroredStrategy',
      seconds: (how) => last(numbersOf(place.python, [mirrored, how, ...plan], place.plain)),
    },
  ];
  try {
    const torch = process.env['BLUEWATERS_PYTORCH'] ?? (await getTorch(process.env));
    const script = beside('distributed/torch_ddp.py');
    found.push({
      name: 'PyTorch, DistributedDataParallel',
      seconds: (how) => last(numbersOf(torch, [script, how, ...plan], place.plain)),
    });
  } catch (error) {
    console.error(`PyTorch is left out: ${error instanceof Error ? error.message : error}`);
  }
  return found;
}

/** Each stack beside itself without exchange, and ours beside the others. @param {Place} place @returns {Promise<Line[]>} */
async function weakScaling(place) {
  const rate = (/** @type {number} */ seconds) => (RANKS * BATCH * STEPS) / seconds;
  const measured = (await stacks(place)).map(({ name, seconds }) => {
    return {
      name,
      ...takeTurns(
        place.turns,
        () => seconds('together'),
        () => seconds('apart'),
      ),
    };
  });
  const [mine, ...others] = measured;
  if (!mine) return [];
  const shown = (/** @type {number} */ seconds) => `${rate(seconds).toFixed(0)} images/s`;
  const work = `ResNet-20, batch ${BATCH} a rank, ${RANKS} ranks`;
  return [
    {
      ...{ work, against: 'as many processes that exchange nothing' },
      ...{ ours: shown(mine.mine), theirs: shown(mine.other), ratio: mine.ratio, goal: 0.95 },
    },
    ...others.flatMap(({ name, mine: theirs, ratio }) => [
      {
        ...{ work: `${work}, images/s`, against: name },
        ...{ ours: shown(mine.mine), theirs: shown(theirs), ratio: theirs / mine.mine, goal: 1 },
      },
      {
        ...{ work: `${work}, share of what it does apart`, against: name },
        ...{ ours: mine.ratio.toFixed(2), theirs: ratio.toFixed(2), ratio: mine.ratio / ratio, goal: 1 },
      },
    ]),
  ];
}

/** Ranks of this machine beside what the model of a machine says of them. @param {Place} place @returns {Line[]} */
function plans(place) {
  const medianOf = (/** @type {() => number} */ once) => median(Array.from({ length: place.turns }, once));
  const train = (/** @type {number} */ ranks, /** @type {string} */ how) =>
    medianOf(() => ours(ranks, 'rank_train.mjs', [how, 'resnet-20', BATCH, STEPS], place).at(-1) ?? NaN);
  const exchange = (/** @type {number} */ numbers) =>
    medianOf(() => settled(ours(2, 'rank_all_reduce.mjs', [numbers, 1, TIMES], place)));
  return planned({ train, exchange }, { batch: BATCH, steps: STEPS });
}

/** A parameter server's variable to a worker and back. @param {Place} place @returns {Promise<Line[]>} */
async function roundTrips({ python, tuned, turns }) {
  const numbers = String(100e6 / 4);
  const {
    ours: mine,
    theirs,
    ratio,
  } = await race(
    () => new Side(process.execPath, [beside('distributed/server_round_trip.mjs'), numbers], tuned),
    () => new Side(python, [beside('distributed/server_round_trip.py'), numbers], tuned),
    { units: 1, steps: 10, turns },
  );
  const shown = (/** @type {number} */ rate) => `${(1000 / rate).toFixed(0)} ms`;
  const work = '100 MB from a parameter server to a worker and back';
  return [{ work, against: 'Python, the same servers', ours: shown(mine), theirs: shown(theirs), ratio, goal: 1 }];
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    turns: { type: 'string', default: '3' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'bluewaters-bench-'));
try {
  const place = await findPlace(folder, Number(values.turns));
  if (!values.json) console.log('| work | against | ours | theirs | ratio | goal |\n|---|---|---|---|---|---|');
  for (const measure of [allReduces, weakScaling, plans, roundTrips, coordination]) {
    if (values.only !== undefined && values.only !== measure.name) continue;
    for (const line of await measure(place)) {
      const met = line.ratio >= line.goal;
      if (!met) process.exitCode = 1;
      const { work, against, ours: mine, theirs, ratio, goal } = line;
      const row = `| ${work} | ${against} | ${mine} | ${theirs} | ${ratio.toFixed(2)} | ${goal} ${met ? 'met' : 'MISSED'} |`;
      console.log(values.json ? JSON.stringify({ ...line, met }) : row);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
