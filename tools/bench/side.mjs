/**
 * Measuring two programs against each other. Each is a *side*: a process that says `ready`, and then for each line on
 * its input, a number of steps, makes them and answers with `{"seconds", "cpuSeconds", "loss"}`; those in JavaScript
 * also with `"pageFaults"`. Sides take turns, so that what else the machine does meets both alike.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** @typedef {{ seconds: number, cpuSeconds: number, loss: number, pageFaults?: number }} Turn */

/** A process that makes steps when asked. */
export class Side {
  #child;
  #lines;

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {Record<string, string | undefined>} env All of it: what is undefined is not set.
   */
  constructor(program, args, env) {
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Resolves once it is built and initialised. */
  async ready() {
    for (let line = await this.#line(); line !== 'ready'; ) line = await this.#line();
  }

  /**
   * @param {number} count
   * @returns {Promise<Turn>}
   */
  async steps(count) {
    this.#child.stdin.write(`${count}\n`);
    return JSON.parse(await this.#line());
  }

  close() {
    this.#child.stdin.end();
    this.#child.kill();
  }

  /** @returns {Promise<string>} */
  async #line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended before it answered`);
    return value;
  }
}

/** @param {readonly number[]} values */
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/**
 * Lets two sides take turns.
 *
 * @param {Side} ours
 * @param {Side} theirs
 * @param {{ steps: number, turns: number, warmup: number }} plan Steps a turn, turns of each, steps before the first.
 * @returns {Promise<{ ours: number, theirs: number, ratio: number, cpuRatio: number }>} Median seconds a step of each;
 * the median of theirs / ours within a turn, by the clock and by the processor's time.
 */
export async function takeTurns(ours, theirs, { steps, turns, warmup }) {
  for (const side of [ours, theirs]) await side.steps(warmup);
  const pairs = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const [first, second] = turn % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const answers = [await first.steps(steps), await second.steps(steps)];
    const [mine, other] = turn % 2 === 0 ? answers : answers.toReversed();
    if (mine && other) pairs.push({ mine, other });
  }
  return {
    ours: median(pairs.map(({ mine }) => mine.seconds / steps)),
    theirs: median(pairs.map(({ other }) => other.seconds / steps)),
    ratio: median(pairs.map(({ mine, other }) => other.seconds / mine.seconds)),
    cpuRatio: median(pairs.map(({ mine, other }) => other.cpuSeconds / mine.cpuSeconds)),
  };
}
