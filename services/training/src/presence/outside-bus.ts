import { setTimeout as sleep } from 'node:timers/promises';
import { toCodedError, type CodedError } from '@bluewaters/errors';
import { openBus, type BusOptions, type MessageBus } from '@bluewaters/messages';

/** Between two attempts to reach a bus. */
const TRY_EVERY_MS = 2_000;
/** For what is still to be told at the end. */
const LAST_WORDS_MS = 3_000;

/**
 * The bus that a run's ranks share with a coordinator. It may not be there when a rank starts, go and come back: what is
 * said over it waits for it, and nobody waits for what is said.
 */
export class OutsideBus {
  readonly #options: BusOptions;
  readonly #refused: (error: CodedError) => void;
  readonly #closing = new AbortController();
  readonly #opened: Promise<MessageBus | undefined>;
  /** The end of what was asked to be told in order. */
  #told: Promise<void> = Promise.resolve();

  /** @param refused Told when it can never be reached as it is named: training goes on without. */
  constructor(options: BusOptions, refused: (error: CodedError) => void) {
    this.#options = options;
    this.#refused = refused;
    this.#opened = this.#open();
  }

  /** Aborted when it is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Says something once, where the bus is there.
   *
   * @returns Undefined when it is not, or when what was said found no answer.
   * @throws {CodedError} Whatever else the answer is.
   */
  async say<Answer>(say: (bus: MessageBus) => Promise<Answer>): Promise<Answer | undefined> {
    const bus = await within(LAST_WORDS_MS, this.#opened);
    if (!bus) return undefined;
    return say(bus).catch((error: unknown) => {
      const { retryable } = toCodedError(error);
      if (retryable) return undefined;
      throw error;
    });
  }

  /** Says something after all that was to be told before, as often as it takes. */
  tell(say: (bus: MessageBus) => Promise<unknown>): void {
    this.#told = this.#told.then(async () => {
      const bus = await this.#opened;
      while (bus && !(await said(say(bus))) && !this.closing.aborted) await this.#pause();
    });
  }

  /** Gives what is still to be told a moment, and the connection back. */
  async close(): Promise<void> {
    await within(LAST_WORDS_MS, this.#told);
    this.#closing.abort();
    const bus = await this.#opened;
    await bus?.close();
  }

  async #open(): Promise<MessageBus | undefined> {
    while (!this.closing.aborted) {
      try {
        // What does not match a schema is another version's, and training does not depend on it.
        return await openBus(this.#options, () => undefined);
      } catch (error) {
        const coded = toCodedError(error);
        if (!coded.retryable) {
          this.#refused(coded);
          return undefined;
        }
        await this.#pause();
      }
    }
    return undefined;
  }

  async #pause(): Promise<void> {
    await sleep(TRY_EVERY_MS, undefined, { signal: this.closing, ref: false }).catch(() => undefined);
  }
}

/**
 * What comes of something within so many milliseconds; undefined where nothing does. The timer keeps the process: nothing
 * else may, where a bus is not there, and a process that ended would leave whoever waits here without an answer.
 */
async function within<Result>(ms: number, coming: Promise<Result>): Promise<Result | undefined> {
  const over = new AbortController();
  try {
    const { signal } = over;
    return await Promise.race([coming, sleep(ms, undefined, { signal }).catch(() => undefined)]);
  } finally {
    over.abort();
  }
}

/** Whether something was said, or can never be. */
async function said(saying: Promise<unknown>): Promise<boolean> {
  try {
    await saying;
    return true;
  } catch (error) {
    return !toCodedError(error).retryable;
  }
}
