/**
 * Gives a reader bytes that nobody meant it to have, and goes on from those that led it where it had not been: into a block
 * of its code, or to another verdict. Without being led, it stays with the inputs that it began with: then the same seed gives
 * the same inputs, which coverage cannot promise, as V8 does not count alike each time.
 */
import { isCodedError } from '@bluewaters/errors';
import { Random } from '../fuzz/random.mjs';
import { blowUp, mutate } from './mutate.mjs';

/** @import { Coverage } from './coverage.mjs' */
/** @import { Reader } from './reader.mjs' */

/** Asking V8 what ran costs more than most inputs: it is asked once for a batch, and batches grow while nothing is found. */
const BATCH = { least: 64, most: 512 };
/** Of batches, those after which there is a large input. */
const LARGE_SHARE = 0.3;
/** CPU time that an input may take. */
const SLOW_MS = 1_000;
/** Memory that the process may come to, with all that it loads. */
const MOST_RESIDENT_MIB = 512;

/** @typedef {{ ending: string, said: string, input: Uint8Array }} Found */
/** @typedef {{ inputs: number, accepted: number, refused: number, kept: number, slowestMs: number, residentMiB: number }} Figures */

/** One exploration. */
export class Exploration {
  /** @type {Figures} */
  figures = { inputs: 0, accepted: 0, refused: 0, kept: 0, slowestMs: 0, residentMiB: 0 };
  /** Inputs that led somewhere new. @type {Uint8Array[]} */
  pool = [];
  /** The first thing that should not be, after which nothing more is tried. @type {Found | undefined} */
  finding;
  #reader;
  #coverage;
  #random;
  #hooks;
  #tokens;
  #verdicts = new Set();
  #batch = BATCH.least;

  /**
   * @param {Reader} reader
   * @param {Coverage} coverage
   * @param {number} seed
   * @param {{ beforeInput: (input: Uint8Array) => void, onKept: (input: Uint8Array) => void }} hooks
   */
  constructor(reader, coverage, seed, hooks) {
    this.#reader = reader;
    this.#coverage = coverage;
    this.#random = new Random(seed);
    this.#hooks = hooks;
    this.#tokens = (reader.tokens ?? []).map((token) => Buffer.from(token, 'latin1'));
  }

  /** Reads what is there to begin with. @param {readonly Uint8Array[]} seeds */
  async begin(seeds) {
    for (const seed of seeds) await this.#find([seed]);
    if (this.pool.length === 0) this.pool.push(Buffer.alloc(0));
  }

  /** Tries a batch of new inputs. */
  async tryBatch() {
    const before = this.pool.length;
    await this.#find(this.#random.list(this.#batch, () => this.#another()));
    const found = this.pool.length > before;
    this.#batch = Math.max(BATCH.least, Math.min(BATCH.most, found ? this.#batch / 2 : this.#batch * 2));
    if (this.#reader.largestBytes && this.#random.chance(LARGE_SHARE)) {
      await this.#read(blowUp(this.#random.pick(this.pool), this.#random, this.#reader.largestBytes));
    }
  }

  /** Tries as many inputs near to the given ones, and goes on from none of them. @param {readonly Uint8Array[]} seeds @param {number} inputs */
  async stayWith(seeds, inputs) {
    this.pool = [...seeds];
    for (const seed of seeds) await this.#read(seed);
    while (!this.finding && this.figures.inputs < inputs) await this.#read(this.#another());
    this.#coverage.add(this.#coverage.take());
  }

  /** The fewest and smallest of the pool that reach what all of it reaches. @returns {Promise<Uint8Array[]>} */
  async smallest() {
    this.#coverage.clear();
    this.#verdicts.clear();
    const sorted = [...this.pool].sort((a, b) => a.length - b.length || Buffer.compare(a, b));
    this.pool = [];
    for (const input of sorted) await this.#find([input]);
    return this.pool;
  }

  #another() {
    const { pool } = this;
    const random = this.#random;
    // What was found last has been tried least.
    const recent = random.chance(0.5) ? Math.floor(pool.length * 0.75) : 0;
    const parent = /** @type {Uint8Array} */ (pool[recent + random.below(pool.length - recent)]);
    const means = { random, tokens: this.#tokens, others: pool };
    const changed = mutate(parent, means, this.#reader.maxBytes);
    return this.#reader.mend && random.chance(0.8) ? this.#reader.mend(changed) : changed;
  }

  /** Keeps those that lead somewhere new: halves the inputs until it is clear which they are. @param {readonly Uint8Array[]} inputs */
  async #find(inputs) {
    for (const input of inputs) {
      if (await this.#read(input)) this.#keep(input);
      if (this.finding) return;
    }
    const painted = this.#coverage.take();
    if (!this.#coverage.hasNew(painted)) return;
    const [input] = inputs;
    if (inputs.length === 1 && input) {
      this.#coverage.add(painted);
      this.#keep(input);
      return;
    }
    const middle = inputs.length >> 1;
    await this.#find(inputs.slice(0, middle));
    await this.#find(inputs.slice(middle));
  }

  /** @param {Uint8Array} input */
  #keep(input) {
    if (this.pool.includes(input)) return;
    this.pool.push(input);
    this.figures.kept++;
    this.#hooks.onKept(input);
  }

  /** @param {Uint8Array} input @returns {Promise<boolean>} True for a verdict that was not heard before. */
  async #read(input) {
    this.#hooks.beforeInput(input);
    const before = process.resourceUsage();
    const verdict = await this.#verdictOn(input);
    this.#measure(before, process.resourceUsage(), input);
    const isNew = !this.#verdicts.has(verdict);
    this.#verdicts.add(verdict);
    return isNew;
  }

  /** @param {NodeJS.ResourceUsage} before @param {NodeJS.ResourceUsage} after @param {Uint8Array} input */
  #measure(before, after, input) {
    const { figures } = this;
    const ms = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1_000;
    const residentMiB = Math.round(after.maxRSS / 1024);
    figures.inputs++;
    figures.slowestMs = Math.max(figures.slowestMs, Math.round(ms));
    if (ms > SLOW_MS) this.#report('slow', `${Math.round(ms)} ms of CPU time`, input);
    // What was taken once counts for ever: only the input that went over the limit is to blame.
    if (residentMiB > MOST_RESIDENT_MIB && figures.residentMiB <= MOST_RESIDENT_MIB) {
      this.#report('memory', `${residentMiB} MiB resident`, input);
    }
    figures.residentMiB = residentMiB;
  }

  /** @param {Uint8Array} input */
  async #verdictOn(input) {
    try {
      const said = await this.#reader.read(Buffer.from(input));
      this.figures.accepted++;
      return said;
    } catch (error) {
      if (isCodedError(error) && this.#reader.codes.includes(error.code)) {
        this.figures.refused++;
        return `${error.code} ${error.message.split(' (')[0]}`;
      }
      this.#report('error', error instanceof Error ? (error.stack ?? error.message) : String(error), input);
      return 'error';
    }
  }

  /** @param {string} ending @param {string} said @param {Uint8Array} input */
  #report(ending, said, input) {
    this.finding ??= { ending, said: said.slice(0, 1500), input };
  }
}
