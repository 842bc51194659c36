/**
 * Which code of the readers has run, by V8's own counters of blocks: no source is changed, and what is compiled is what
 * users run.
 */
import { Session } from 'node:inspector';

/** Ours, and the parser of XML; what else runs tells nothing about readers. */
const WATCHED = /\/(?:libs|services|tools\/prove\/src\/readers)\/[^?]*\.m?js$|\/node_modules\/saxes\//u;

/** @typedef {Map<string, Uint8Array>} Painted By script: a byte for each character, 1 where it ran. */

/** Counts from its making on: scripts that are to be watched are loaded after it. */
export class Coverage {
  #session = new Session();
  /** @type {Painted} */
  #ran = new Map();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since this was asked for the last time. @returns {Painted} */
  take() {
    const { result } = /** @type {import('node:inspector').Profiler.TakePreciseCoverageReturnType} */ (
      this.#post('Profiler.takePreciseCoverage')
    );
    return new Map(result.filter(({ url }) => WATCHED.test(url)).map(({ url, functions }) => [url, paint(functions)]));
  }

  /** True where some of it had not run before. @param {Painted} painted */
  hasNew(painted) {
    return [...painted].some(([url, bytes]) => {
      const ran = this.#ran.get(url);
      return ran === undefined || bytes.some((byte, at) => byte > (ran[at] ?? 0));
    });
  }

  /** @param {Painted} painted */
  add(painted) {
    for (const [url, bytes] of painted) {
      const ran = this.#ran.get(url) ?? new Uint8Array(0);
      const [long, short] = ran.length < bytes.length ? [bytes, ran] : [ran, bytes];
      short.forEach((byte, at) => (long[at] |= byte));
      this.#ran.set(url, long);
    }
  }

  /** Forgets what ran. */
  clear() {
    this.#ran.clear();
  }

  /**
   * How much ran of the scripts whose paths end so.
   *
   * @param {readonly string[]} endings
   * @returns {{ reached: number, of: number }} In characters, comments too.
   */
  shareOf(endings) {
    const scripts = [...this.#ran].filter(([url]) => endings.some((ending) => url.endsWith(ending)));
    const reached = scripts.reduce((sum, [, bytes]) => sum + bytes.reduce((ones, byte) => ones + byte, 0), 0);
    return { reached, of: scripts.reduce((sum, [, bytes]) => sum + bytes.length, 0) };
  }

  /** The inspector of the own process answers before `post` returns. @param {string} method @param {object} [params] */
  #post(method, params) {
    let answer;
    this.#session.post(method, params, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}

/**
 * V8 gives a range for each block whose count differs from that of the block around it.
 *
 * @param {readonly import('node:inspector').Profiler.FunctionCoverage[]} functions
 */
function paint(functions) {
  const ranges = functions.flatMap((each) => each.ranges);
  // From the outside in: what is within decides.
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const bytes = new Uint8Array(ranges.reduce((end, { endOffset }) => Math.max(end, endOffset), 0));
  for (const { startOffset, endOffset, count } of ranges) bytes.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return bytes;
}
