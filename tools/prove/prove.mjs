/**
 * The proofs that take too long for `npm test`, or whose figures belong to a machine. Each says what it demands, fails
 * when that is not met, and prints a line for docs/results.md. Run them with nothing else going on.
 *
 *   npm run prove                                        all of them
 *   npm run prove -- quickstart killed                   some of them
 *   npm run prove -- --keep FOLDER cifar-long            what it makes stays in the folder, and it goes on there
 *   npm run prove -- readers --minutes 5                 a fuzz of so many minutes for each reader instead of 10
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { keras, race } from './src/beside.mjs';
import { arm64Images, gpuImages } from './src/built-images.mjs';
import { asynchronous, soak } from './src/distributed.mjs';
import { fuzz, leak, parity } from './src/engine.mjs';
import { grafana } from './src/grafana.mjs';
import { readers } from './src/readers/proof.mjs';
import { cifar10, cifarFast, cifarLong, finetune, finetunePhotographs, imagenette } from './src/learning.mjs';
import { killed, quickstart } from './src/line.mjs';
import { arm64, arm64Training } from './src/processors.mjs';
import { LeftOut, REPOSITORY } from './src/support.mjs';

/**
 * Each is given a folder and, where it is a fuzz, minutes; it resolves to what it found, in words.
 *
 * @type {Record<string, (folder: string, minutes: number) => Promise<string>>}
 */
const PROOFS = {
  quickstart,
  killed,
  keras,
  race,
  parity,
  leak,
  fuzz: (_folder, minutes) => fuzz(minutes),
  readers,
  cifar10,
  'cifar-fast': cifarFast,
  'cifar-long': cifarLong,
  imagenette,
  finetune,
  'finetune-photographs': finetunePhotographs,
  asynchronous,
  soak,
  arm64,
  'arm64-training': arm64Training,
  'arm64-images': arm64Images,
  'gpu-images': gpuImages,
  grafana,
};

const { values, positionals } = parseArgs({
  options: { keep: { type: 'string' }, minutes: { type: 'string', default: '10' } },
  allowPositionals: true,
});
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: REPOSITORY, encoding: 'utf8' }).trim();
const machine = `${availableParallelism()} cores of ${cpus()[0]?.model.trim()}`;

/** @param {string} name */
function folderFor(name) {
  if (values.keep === undefined) return mkdtempSync(join(tmpdir(), 'bluewaters-prove-'));
  const folder = resolve(values.keep, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** @param {string} name @returns {Promise<string>} What to print of it. */
async function prove(name) {
  const proof = PROOFS[name];
  if (!proof) throw new Error(`there is no proof ${name}; there are ${Object.keys(PROOFS).join(', ')}`);
  const folder = folderFor(name);
  try {
    return await proof(folder, Number(values.minutes));
  } catch (error) {
    if (error instanceof LeftOut) return error.message;
    process.exitCode = 1;
    return `FAILED: ${String(error)}`;
  } finally {
    if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

const lines = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(PROOFS)) {
  lines.push(`| \`npm run prove -- ${name}\` | ${commit} | ${machine} | ${await prove(name)} |`);
}
console.log(lines.join('\n'));
