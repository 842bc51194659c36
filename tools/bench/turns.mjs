/** How two programs are compared: in turns, each in a process of its own, so that whatever else goes on meets both. */
import { execFileSync } from 'node:child_process';

/**
 * One side of a comparison: a program that prints as its last line `{ "rate": …, "cpuMs": … }`, units a second and CPU
 * milliseconds a unit.
 *
 * @typedef {object} Side
 * @property {string} program
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} [env]
 */

/**
 * What a comparison gave; medians over the turns.
 *
 * @typedef {object} Comparison
 * @property {string} name
 * @property {number} ours Units a second.
 * @property {number} theirs Units a second.
 * @property {number} ratio Ours to theirs, the median of each turn's.
 * @property {number} cpuRatio The same of units for each millisecond of CPU, which other programs disturb less.
 * @property {string} unit
 * @property {string} turns Each turn's rates, as `ours/theirs`.
 */

/**
 * @param {{ readonly name: string, readonly unit: string, readonly ours: Side, readonly theirs: Side, readonly turns?: number }} what
 * @returns {Comparison}
 */
export function compare({ name, unit, ours, theirs, turns = 5 }) {
  const measured = Array.from({ length: turns }, (_, turn) => {
    const first = turn % 2 === 0 ? ours : theirs;
    const one = measure(first);
    const other = measure(first === ours ? theirs : ours);
    return first === ours ? { ours: one, theirs: other } : { ours: other, theirs: one };
  });
  return {
    name,
    ours: median(measured.map((turn) => turn.ours.rate)),
    theirs: median(measured.map((turn) => turn.theirs.rate)),
    ratio: median(measured.map((turn) => turn.ours.rate / turn.theirs.rate)),
    cpuRatio: median(measured.map((turn) => turn.theirs.cpuMs / turn.ours.cpuMs)),
    unit,
    turns: measured.map((turn) => `${turn.ours.rate.toFixed(0)}/${turn.theirs.rate.toFixed(0)}`).join(' '),
  };
}

/**
 * @param {Side} side
 * @returns {{ rate: number, cpuMs: number }}
 */
function measure({ program, args, env }) {
  const output = execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, UV_THREADPOOL_SIZE: '16', TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '3', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** @param {Comparison} comparison */
export function describe({ name, ours, theirs, ratio, cpuRatio, unit, turns }) {
  const rates = `${ours.toFixed(0)} against ${theirs.toFixed(0)} ${unit}`;
  return `${name}: ${rates}, ratio ${ratio.toFixed(2)} (by CPU time ${cpuRatio.toFixed(2)}; turns ${turns})`;
}
