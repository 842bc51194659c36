import { toCodedError } from '@bluewaters/errors';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from './codec.js';
import { Progress, type JobRecord } from './jobs.js';
import type { StateTable } from './message-bus.js';

const LEAST_MS_BETWEEN_PUTS = 250;
/** Often enough that whoever follows the job can tell a live worker from a dead one. */
const HEARTBEAT_MS = 10_000;
const FINAL_PUT_ATTEMPTS = 10;

/** Keeps the record of one running job up to date: progress at most four times a second, a sign of life always. */
export class JobReporter {
  readonly #jobs: StateTable<JobRecord>;
  readonly #heartbeat: NodeJS.Timeout;
  #record: Omit<JobRecord, 'updatedAt'>;
  #timer: NodeJS.Timeout | undefined;
  #putting: Promise<unknown> = Promise.resolve();

  constructor(jobs: StateTable<JobRecord>, record: Omit<JobRecord, 'updatedAt' | 'state'>) {
    this.#jobs = jobs;
    this.#record = { ...record, state: 'running' };
    this.#heartbeat = setInterval(() => this.#putSoon(), HEARTBEAT_MS);
    this.#putNow();
  }

  /** @throws {CodedError} MESSAGE_INVALID. */
  report(progress: Progress): void {
    encode(Progress, progress, 'progress');
    this.#record = { ...this.#record, progress };
    this.#putSoon();
  }

  /** Puts the last record of this delivery, after all the others. @throws {CodedError} when the bus does not take it. */
  async finish(ending: Pick<JobRecord, 'state' | 'result' | 'error'>, signal: AbortSignal): Promise<void> {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#timer);
    await this.#putting;
    this.#record = { ...this.#record, ...ending };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#put();
        return;
      } catch (error) {
        const given = toCodedError(error);
        if (!given.retryable || attempt === FINAL_PUT_ATTEMPTS || signal.aborted) throw given;
        await sleep(attempt * LEAST_MS_BETWEEN_PUTS);
      }
    }
  }

  #putSoon(): void {
    this.#timer ??= setTimeout(() => this.#putNow(), LEAST_MS_BETWEEN_PUTS);
  }

  #putNow(): void {
    // What is lost here is told again by the next report or sign of life.
    this.#putting = this.#putting.then(() => this.#put()).catch(() => {});
    this.#timer = undefined;
  }

  #put(): Promise<number> {
    return this.#jobs.put(this.#record.job, { ...this.#record, updatedAt: Date.now() });
  }
}
