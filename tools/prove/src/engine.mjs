/** Proofs of libs/tensorflow. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fuzz as throwAtIt } from './fuzz/fuzz.mjs';
import { REPOSITORY, demand, python } from './support.mjs';

const SEED = 1;

/**
 * 8 pictures of full size through six networks here and in Python, with one thread and with two: it takes long.
 *
 * @param {string} folder
 */
export async function parity(folder) {
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
  const findings = join(folder, 'findings.jsonl');
  for (const spec of ['parity.python', 'parity-threads.python']) {
    execFileSync(process.execPath, [vitest, 'run', '--project', 'models', spec], {
      cwd: REPOSITORY,
      env: { ...process.env, BLUEWATERS_PARITY: findings, BLUEWATERS_PYTHON: await python() },
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
}

/** Handles and memory over many steps. */
export async function leak() {
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
}

/** Malformed operations at the public interface. @param {number} minutes */
export async function fuzz(minutes) {
  const { findings, steps, tried, accepted, refused, runs } = await throwAtIt({
    seed: SEED,
    ms: minutes * 60_000,
    onFinding: (finding) => console.error(JSON.stringify(finding)),
  });
  demand(findings.length === 0, `no death, hang or error without a code; got ${findings.length}`);
  return `seed ${SEED}, ${minutes} minutes: ${steps} graphs, ${tried} operations tried, ${accepted} accepted, ${refused} refused, ${runs} runs; deaths 0, hangs 0, errors without a code 0`;
}

/** The slope of a line through values at 0, 1, 2, … by least squares. @param {readonly number[]} values */
function slope(values) {
  const middle = (values.length - 1) / 2;
  const weights = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return values.reduce((sum, value, i) => sum + value * (i - middle), 0) / weights;
}
