import type { CodedError } from '@bluewaters/errors';
import type { Logger } from '@bluewaters/service';
import { EngineProcess } from './engine-process.js';
import type { WarmModel, OutputBatch } from './engine-messages.js';

/** What runs models. Its real form is {@link EngineSupervisor}. */
export interface Engine {
  /** @throws {CodedError} TENSORFLOW_FAILED, TENSORFLOW_MISSING, NOT_READY when the process died meanwhile. */
  load(key: string, directory: string, probe: Uint8Array): Promise<WarmModel>;
  unload(key: string): Promise<void>;
  /** All outputs by name. @throws {CodedError} IMAGE_INVALID for a picture that TensorFlow can't decode; NOT_READY. */
  predict(key: string, images: readonly Uint8Array[]): Promise<Record<string, OutputBatch>>;
}

/** Waits before a new start: none for the first crash in a while, then longer and longer. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A process that lived this long had no fault of its own making. */
const HEALTHY_AFTER_MS = 60_000;

/** What happens to an engine, for whoever loaded models into it. */
export interface EngineObserver {
  /** The process is gone and everything that it had loaded. */
  readonly onCrash: () => void;
  /** There is a new one, with nothing loaded. */
  readonly onRestart: () => void;
}

/** Keeps an engine process running: one that ends by itself is started again, empty. */
export class EngineSupervisor implements Engine {
  readonly #options: { readonly threads: number; readonly log: Logger };
  #process: EngineProcess;
  #observer: EngineObserver | undefined;
  #waitMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param options `threads` of TensorFlow; 0 takes every core. */
  constructor(options: { readonly threads: number; readonly log: Logger }) {
    this.#options = options;
    this.#process = this.#spawn();
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Tells one observer from now on. */
  observe(observer: EngineObserver): void {
    this.#observer = observer;
  }

  load(key: string, directory: string, probe: Uint8Array): Promise<WarmModel> {
    return this.#process.call('load', { key, directory, probe });
  }

  async unload(key: string): Promise<void> {
    await this.#process.call('unload', { key });
  }

  predict(key: string, images: readonly Uint8Array[]): Promise<Record<string, OutputBatch>> {
    return this.#process.call('predict', { key, images });
  }

  /** Ends the process for good; safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    await this.#process.stop();
  }

  #spawn(): EngineProcess {
    const startedAt = performance.now();
    return new EngineProcess({
      threads: this.#options.threads,
      onLine: (line) => this.#options.log.debug({ line }, 'engine'),
      onExit: (error) => {
        if (!this.#stopped) this.#startAgain(error, performance.now() - startedAt);
      },
    });
  }

  #startAgain(error: CodedError | undefined, livedMs: number): void {
    if (livedMs > HEALTHY_AFTER_MS) this.#waitMs = 0;
    this.#options.log.error({ err: error, waitMs: this.#waitMs }, 'the engine ended and is started again');
    this.#observer?.onCrash();
    this.#restart = setTimeout(() => {
      this.#process = this.#spawn();
      this.#observer?.onRestart();
    }, this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, this.#waitMs * 2));
  }
}
