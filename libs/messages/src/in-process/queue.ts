import { toCodedError, type CodedError } from '@bluewaters/errors';
import { retryDelayMs } from '../faults.js';
import type { Delivery, Subscription } from '../message-bus.js';

/** How a {@link Queue} treats what a handler could not finish. */
export interface QueueOptions {
  /** One body at a time, and a failed one before all that came after it. */
  readonly inOrder: boolean;
  /** Deliveries of one body; after the last failure it is given up. */
  readonly maxAttempts: number;
  /** Hears of every body that is given up. */
  readonly onGivenUp: (error: CodedError) => void;
}

interface Waiting {
  readonly body: string;
  readonly attempt: number;
}

interface Worker {
  readonly handler: (body: string, delivery: Delivery) => Promise<void>;
  readonly stopping: AbortController;
  running: Promise<void> | undefined;
}

/** Bodies in the order of their arrival, each kept until one of the workers has finished it. */
export class Queue {
  readonly #options: QueueOptions;
  readonly #waiting: Waiting[] = [];
  readonly #workers = new Set<Worker>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #running = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Adds a body at the end. */
  push(body: string): void {
    this.#waiting.push({ body, attempt: 1 });
    this.#dispatch();
  }

  /** Adds a worker; it takes one body at a time until it is stopped. */
  work(handler: Worker['handler']): Subscription {
    const worker: Worker = { handler, stopping: new AbortController(), running: undefined };
    this.#workers.add(worker);
    this.#dispatch();
    return {
      stop: async () => {
        this.#workers.delete(worker);
        worker.stopping.abort();
        await worker.running;
      },
    };
  }

  /** Forgets what waits; workers are stopped by those who added them. */
  clear(): void {
    this.#waiting.length = 0;
    this.#retries.forEach((timer) => clearTimeout(timer));
    this.#retries.clear();
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (this.#options.inOrder && (this.#running > 0 || this.#retries.size > 0)) return;
      if (worker.running) continue;
      const next = this.#waiting.shift();
      if (!next) return;
      // The last worker goes to the end of the line, so that the load is shared.
      this.#workers.delete(worker);
      this.#workers.add(worker);
      worker.running = this.#run(worker, next);
    }
  }

  async #run(worker: Worker, { body, attempt }: Waiting): Promise<void> {
    this.#running += 1;
    try {
      // Never in the turn of the one who sends, as over a network.
      await Promise.resolve();
      await worker.handler(body, { attempt, signal: worker.stopping.signal });
    } catch (error) {
      this.#failed({ body, attempt }, toCodedError(error), worker.stopping.signal.aborted);
    } finally {
      this.#running -= 1;
      worker.running = undefined;
      this.#dispatch();
    }
  }

  #failed({ body, attempt }: Waiting, error: CodedError, stopped: boolean): void {
    if (!error.retryable || attempt >= this.#options.maxAttempts) {
      this.#options.onGivenUp(error);
      return;
    }
    const again = () => this.#waiting.unshift({ body, attempt: attempt + 1 });
    if (stopped) {
      again();
      return;
    }
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      again();
      this.#dispatch();
    }, retryDelayMs(attempt));
    this.#retries.add(timer);
  }
}
