/**
 * A fuzz of the public interface of libs/tensorflow: malformed operations, attributes, shapes and feeds, in a child
 * process, whose death is a finding.
 *
 *   node tools/prove/src/fuzz/fuzz.mjs --seed 1 --minutes 10      prints figures and findings
 *   node tools/prove/src/fuzz/fuzz.mjs --seed 1 --from 1234 --steps 1      replays one step
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { watchChild } from '../watched-child.mjs';

/** @typedef {{ step: number, doing: string, ending: string, said: string }} Finding */
/** @typedef {{ steps: number, tried: number, accepted: number, refused: number, runs: number, failed: number, findings: Finding[] }} Report */

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/** What a child does before its first step. */
const STARTS = 'starts';

/** Steps of one child: some operations keep memory for as long as the process lives, and it has a bound. */
const STEPS_OF_CHILD = 1_000;

/**
 * Takes steps until one of the limits, a thousand in each child; a death ends one step, and the next is taken in a new
 * one.
 *
 * @param {{ seed: number, from?: number, steps?: number, ms?: number, onFinding?: (finding: Finding) => void }} options
 * @returns {Promise<Report>}
 */
export async function fuzz({ seed, from = 0, steps = Infinity, ms = Infinity, onFinding }) {
  const report = {
    steps: 0,
    tried: 0,
    accepted: 0,
    refused: 0,
    runs: 0,
    failed: 0,
    findings: /** @type {Finding[]} */ ([]),
  };
  const start = performance.now();
  const end = from + steps;
  for (let next = from; next < end && performance.now() - start < ms; ) {
    const until = Math.min(next + STEPS_OF_CHILD, end);
    const { finding, last } = await takeSteps([seed, next, until, ms - (performance.now() - start)], report, onFinding);
    if (!finding) {
      next = until;
      continue;
    }
    report.findings.push(finding);
    onFinding?.(finding);
    if (finding.doing === STARTS) break; // every other child would end so
    next = last + 1;
  }
  return report;
}

/**
 * One child until it ends.
 *
 * @param {number[]} parameters
 * @param {Report} report Grows by what the child says.
 * @param {((finding: Finding) => void) | undefined} onFinding
 * @returns {Promise<{ finding: Finding | undefined, last: number }>}
 */
async function takeSteps(parameters, report, onFinding) {
  const folder = mkdtempSync(join(tmpdir(), 'bluewaters-fuzz-'));
  const told = { last: parameters[1] ?? 0, doing: STARTS, finished: false };
  const { ending, said } = await watchChild([CHILD, ...parameters.map(String)], {
    folder,
    environment: { TF_CPP_MIN_LOG_LEVEL: '2' },
    onMessage: (message) => take(message, told, report, onFinding),
  });
  rmSync(folder, { recursive: true, force: true });
  if (told.finished) return { finding: undefined, last: told.last };
  return { finding: { step: told.last, doing: told.doing, ending, said }, last: told.last };
}

/**
 * @param {any} message Of a child.
 * @param {{ last: number, doing: string, finished: boolean }} told
 * @param {Report} report
 * @param {((finding: Finding) => void) | undefined} onFinding
 */
function take(message, told, report, onFinding) {
  if (message.begun !== undefined) told.last = message.begun;
  else if (message.doing !== undefined) told.doing = message.doing;
  else if (message.finished) told.finished = true;
  else if (message.step !== undefined) {
    report.steps++;
    for (const name of /** @type {const} */ (['tried', 'accepted', 'refused', 'runs', 'failed']))
      report[name] += message[name];
    for (const said of message.uncoded) {
      const finding = { step: message.step, doing: told.doing, ending: 'uncoded', said };
      report.findings.push(finding);
      onFinding?.(finding);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      from: { type: 'string' },
      steps: { type: 'string' },
      minutes: { type: 'string' },
    },
  });
  const report = await fuzz({
    seed: Number(values.seed ?? 1),
    from: Number(values.from ?? 0),
    steps: Number(values.steps ?? Infinity),
    ms: 60_000 * Number(values.minutes ?? 10),
    onFinding: (finding) => console.log(JSON.stringify(finding)),
  });
  const { findings, ...figures } = report;
  console.log(JSON.stringify({ ...figures, findings: findings.length }));
  process.exitCode = findings.length > 0 ? 1 : 0;
}
