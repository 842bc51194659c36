/**
 * A fuzz of the readers of what strangers give: any bytes end in a result or in an error with a code, in bounded time and
 * memory, and it does not matter in which way they are read.
 *
 *   node tools/prove/src/readers/fuzz.mjs tar --seed 1 --minutes 10     prints figures, or what it found
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { watchChild } from '../watched-child.mjs';
import { corpusFile, readCorpus, writeCorpus } from './corpus.mjs';

/** @typedef {{ ending: string, said: string, input: string }} Finding `input` in base64. */
/** @typedef {import('./explore.mjs').Figures & { reached: number, of: number }} Figures */
/** @typedef {{ figures: Figures | undefined, finding: Finding | undefined, smallest: Buffer[] }} Report */

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/** The readers that there are. */
export const READERS = /** @type {const} */ ([
  ...['tar', 'gzip', 'zstd', 'jpeg', 'picture', 'annotations', 'voc', 'csv', 'lists', 'archive'],
]);

/**
 * Explores a reader until one of the limits, or until there is a finding.
 *
 * @param {string | URL} module Exports a `reader`.
 * @param {object} options
 * @param {readonly Uint8Array[]} [options.corpus] Inputs to begin with, beside the reader's own.
 * @param {number} options.seed
 * @param {number} [options.inputs]
 * @param {number} [options.ms] 0 to stay with the inputs that it begins with, instead of being led on by coverage.
 * @param {boolean} [options.damaged] Begin with the damaged files of BLUEWATERS_DATA, too.
 * @returns {Promise<Report>}
 */
export async function explore(module, { corpus = [], seed, inputs = Infinity, ms = Infinity, damaged = false }) {
  /** @type {Report} */
  const report = { figures: undefined, finding: undefined, smallest: [] };
  const folder = mkdtempSync(join(tmpdir(), 'bluewaters-readers-'));
  let finished = false;
  try {
    writeCorpus(join(folder, 'pool.txt'), corpus);
    const command = ['--max-old-space-size=512', CHILD, String(module), ...[seed, inputs, ms].map(String)];
    const environment = damaged ? {} : { BLUEWATERS_DATA: '' };
    const onMessage = (/** @type {any} */ message) => {
      if (message.figures) report.figures = message.figures;
      if (message.finding) report.finding = message.finding;
      if (message.smallest) report.smallest = message.smallest.map(fromBase64);
      if (message.finished) finished = true;
    };
    const { ending, said } = await watchChild(command, { folder, environment, onMessage });
    if (!finished) report.finding = { ending, said, input: lastInput(join(folder, 'current')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report;
}

/** One of the readers, from what is kept of it. @param {string} name @param {{ seed: number, inputs?: number, ms?: number, damaged?: boolean }} options */
export function exploreReader(name, options) {
  return explore(new URL(`${name}.mjs`, import.meta.url), { ...options, corpus: readCorpus(corpusFile(name)) });
}

/** Figures in words. @param {Report} report */
export function describeReport({ figures, finding }) {
  if (!figures) return 'it did not come to its end';
  const { inputs, accepted, refused, kept, slowestMs, residentMiB, reached, of } = figures;
  const share = ((100 * reached) / of).toFixed(1);
  return `${inputs} inputs, ${accepted} accepted, ${refused} refused, ${kept} that led on, ${share} % of the code reached, at most ${slowestMs} ms of CPU time and ${residentMiB} MiB, ${finding?.ending ?? 'no finding'}`;
}

/** @param {string} text */
const fromBase64 = (text) => Buffer.from(text, 'base64');

/** What a process was about to read. @param {string} file */
function lastInput(file) {
  const written = readFileSync(file, { flag: 'a+' });
  return written.length < 4 ? '' : written.subarray(4, 4 + written.readUInt32LE(0)).toString('base64');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { seed: { type: 'string' }, minutes: { type: 'string' } },
    allowPositionals: true,
  });
  for (const name of positionals.length > 0 ? positionals : READERS) {
    const ms = 60_000 * Number(values.minutes ?? 10);
    const report = await exploreReader(name, { seed: Number(values.seed ?? 1), ms, damaged: true });
    console.log(`${name}: ${describeReport(report)}`);
    if (!report.finding) continue;
    console.log(JSON.stringify(report.finding));
    process.exitCode = 1;
  }
}
