/**
 * Explores a reader, and tells what it finds. Before it reads an input it writes it into `current`: whoever finds the process
 * dead knows what it died of. `node child.mjs MODULE SEED INPUTS MS`, in a folder with a `pool.txt`: led by coverage for so many
 * inputs or milliseconds, or, where MS is 0, staying with what it begins with.
 */
import { openSync, readdirSync, readFileSync, statSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { Coverage } from './coverage.mjs';
import { readCorpus } from './corpus.mjs';
import { Exploration } from './explore.mjs';

/** @import { Reader } from './reader.mjs' */

const TELL_EVERY_MS = 1_000;

const [module = '', ...numbers] = process.argv.slice(2);
const [seed = 1, inputs = 1, ms = Infinity] = numbers.map(Number);

/** Written at once, and so also when the next input ends the process. @param {unknown} line */
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
/** @param {Uint8Array} bytes */
const base64 = (bytes) => Buffer.from(bytes).toString('base64');

/** Files of the folder of damaged ones, where there is one. @param {RegExp} pattern @param {number} maxBytes */
function damaged(pattern, maxBytes) {
  const folder = process.env['BLUEWATERS_DATA'];
  if (!folder) return [];
  const names = readdirSync(join(folder, 'damaged'), { recursive: true, encoding: 'utf8' }).sort();
  const paths = names.filter((name) => pattern.test(name)).map((name) => join(folder, 'damaged', name));
  return paths.filter((path) => statSync(path).size <= maxBytes).map((path) => readFileSync(path));
}

const start = performance.now();
const coverage = new Coverage();
/** @type {{ reader: Reader }} */
const { reader } = await import(module);
const current = openSync('current', 'w');
const exploration = new Exploration(reader, coverage, seed, {
  beforeInput: (input) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(input.length);
    writevSync(current, [length, input], 0);
    tellAtTimes();
  },
  onKept: (input) => tell({ kept: base64(input) }),
});

let toldAt = start;
/** A sign of life, too. */
function tellAtTimes() {
  if (performance.now() - toldAt < TELL_EVERY_MS) return;
  toldAt = performance.now();
  tell({ inputs: exploration.figures.inputs });
}

const seeds = [...(await reader.seeds(damaged)), ...readCorpus('pool.txt')];
if (ms === 0) await exploration.stayWith(seeds, inputs);
else await explore();

async function explore() {
  await exploration.begin(seeds);
  const isOver = () => exploration.figures.inputs >= inputs || performance.now() - start >= ms;
  while (!exploration.finding && !isOver()) await exploration.tryBatch();
}

tell({ figures: { ...exploration.figures, ...coverage.shareOf(reader.scripts) } });
const { finding } = exploration;
if (finding) tell({ finding: { ...finding, input: base64(finding.input) } });
else if (ms > 0) tell({ smallest: (await exploration.smallest()).map(base64) });
tell({ finished: true });
process.exit(0);
