/**
 * `npm run bench:ingest`: our way from an archive to records beside those of others, both sides in turns in the same run (5
 * minutes a turn); then an archive as large as ImageNet, made while it is read, beside one of a tenth of its pictures (12
 * minutes).
 *
 *   npm run bench:ingest -- [--turns 3] [--set imagenette224] [--times 40] [--only others|size] [--pictures 14197122]
 *
 * BLUEWATERS_DATA names the folder that has the set, with `Images.tar`, whose pictures are taken so many times, each time as
 * other pictures: see repeated_archive.mjs. It gets a Python with TensorFlow
 * as the tests do, unless BLUEWATERS_PYTHON names one. A ratio above 1 means that ours is the faster one; that by the
 * processor's time is disturbed less by other programs.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { beside } from './comparison.mjs';
import { findPlace } from './place.mjs';
import { repeatArchive } from './repeated_archive.mjs';
import { median } from './side.mjs';

/** @typedef {{ images: number, seconds: number, cpuSeconds: number, megabytes: number }} Turn */

const COMPARISONS = [
  {
    work: 'index, by headers',
    ours: 'index',
    against: "the talk's way: extract, then decode",
    theirs: '2018-decode',
  },
  { work: 'index, by headers', ours: 'index', against: 'tar tf and sha256sum', theirs: 'list' },
  {
    work: 'index by every pixel, and write',
    ours: 'build-full',
    against: 'Python TensorFlow: decode and write',
    theirs: 'write',
  },
  {
    work: 'index by headers, and write',
    ours: 'build',
    against: "the talk's way: extract, then build",
    theirs: '2018',
  },
  {
    work: 'index by every pixel, 4 workers on 2 cores',
    ours: 'workers-4',
    against: '1 worker',
    theirs: 'workers-1',
  },
];

/** What the processes of one machine are held on that share it: the goal is of two cores. */
const TWO_CORES = ['taskset', '-c', '0,1'];

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '3' },
    set: { type: 'string', default: 'imagenette224' },
    times: { type: 'string', default: '40' },
    only: { type: 'string' },
    pictures: { type: 'string', default: '14197122' }, // of ImageNet
  },
});

/**
 * @param {import('./comparison.mjs').Place} place
 * @param {string} set The folder of the archive.
 * @returns {(isOurs: boolean, what: string) => Turn}
 */
function sideOf(place, set) {
  return (isOurs, what) => {
    const hasWorkers = what.startsWith('workers-');
    const ours = isOurs || hasWorkers;
    const folder = mkdtempSync(join(place.folder, 'turn-'));
    const args = [
      ours ? process.execPath : place.python,
      beside(ours ? 'ingest_ours.mjs' : 'ingest_theirs.py'),
      join(set, 'Images.tar'),
      join(set, 'synsets.txt'),
    ];
    const options = {
      env: place.tuned,
      stdio: /** @type {['ignore', 'pipe', 'ignore']} */ (['ignore', 'pipe', 'ignore']),
    };
    const [program = '', ...rest] = [...(hasWorkers ? TWO_CORES : []), ...args, folder, what];
    const turn = JSON.parse(execFileSync(program, rest, options).toString());
    rmSync(folder, { recursive: true });
    return turn;
  };
}

/** @param {readonly Turn[]} turns */
const milliseconds = (turns) => (1000 * median(turns.map(({ cpuSeconds, images }) => cpuSeconds / images))).toFixed(3);

/** @param {import('./comparison.mjs').Place} place */
function besideOthers(place) {
  if (place.data === undefined) throw new Error('BLUEWATERS_DATA names no folder of pictures');
  const set = mkdtempSync(join(place.folder, 'set-'));
  repeatArchive(join(place.data, values.set, 'Images.tar'), set, Number(values.times));
  const side = sideOf(place, set);
  console.log('| work | against | CPU ms an image: ours | theirs | ratio | by the clock | MB: ours | theirs |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const { work, ours, against, theirs } of COMPARISONS) {
    const turns = Array.from({ length: place.turns }, () => ({ mine: side(true, ours), other: side(false, theirs) }));
    const [mine, other] = [turns.map((turn) => turn.mine), turns.map((turn) => turn.other)];
    const ratio = median(turns.map((turn) => turn.other.cpuSeconds / turn.mine.cpuSeconds)).toFixed(2);
    const byClock = median(turns.map((turn) => turn.other.seconds / turn.mine.seconds)).toFixed(2);
    const memory = [mine, other].map((each) => Math.max(...each.map(({ megabytes }) => megabytes)).toFixed(0));
    const cells = [work, against, milliseconds(mine), milliseconds(other), ratio, byClock, ...memory];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/** @param {import('./comparison.mjs').Place} place */
function bySize(place) {
  const most = Number(values.pictures);
  console.log('| pictures | CPU ms an image | as a multiple of the first | MB |');
  console.log('|---|---|---|---|');
  /** @type {number | undefined} */
  let first;
  for (const pictures of [Math.ceil(most / 10), most]) {
    const folder = mkdtempSync(join(place.folder, 'size-'));
    const args = [beside('ingest_virtual.mjs'), folder, String(pictures)];
    const said = execFileSync(process.execPath, args, { env: place.tuned, stdio: ['ignore', 'pipe', 'inherit'] });
    rmSync(folder, { recursive: true });
    const turn = JSON.parse(said.toString());
    const each = turn.cpuSeconds / turn.images;
    first ??= each;
    const cells = [turn.images, (1000 * each).toFixed(4), (each / first).toFixed(2), turn.megabytes.toFixed(0)];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'bluewaters-bench-'));
try {
  const place = await findPlace(folder, Number(values.turns));
  if (values.only !== 'size') besideOthers(place);
  if (values.only !== 'others') bySize(place);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
