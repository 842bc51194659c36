import { CodedError, deserializeError } from '@bluewaters/errors';
import { builtModule, forkChild, type ForkedChild } from '@bluewaters/service';
import type { EngineCall, EngineCalls, EngineReply, EngineRequest } from './engine-messages.js';

/** How long a call may take before the engine counts as stuck and is killed. A first load may read from a slow disk. */
const CALL_LIMIT_MS: Readonly<Record<EngineCall, number>> = { load: 300_000, unload: 60_000, predict: 60_000 };

interface PendingCall {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: CodedError) => void;
  readonly timer: NodeJS.Timeout;
}

/** One life of the child process that runs TensorFlow: an abort inside it does not take the HTTP server along. */
export class EngineProcess {
  readonly #child: ForkedChild;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #gone = false;

  /** @param onExit Told once, after every call under way has failed; undefined when it was stopped. */
  constructor(options: {
    readonly threads: number;
    readonly onLine: (line: string) => void;
    readonly onExit: (error: CodedError | undefined) => void;
  }) {
    this.#child = forkChild(builtModule(new URL('./engine.main.js', import.meta.url)), {
      args: [String(options.threads)],
      onLine: options.onLine,
      onExit: (error) => {
        this.#failAll(error);
        options.onExit(error);
      },
    });
    this.#child.process.on('message', (reply) => this.#settle(reply as EngineReply));
  }

  /** The process, for people and for tests that kill it. */
  get pid(): number | undefined {
    return this.#child.process.pid;
  }

  /**
   * @throws {CodedError} What the engine reported; NOT_READY when it died under the call, with PROCESS_DIED as cause;
   * TIMED_OUT when it did not answer and was killed.
   */
  call<Call extends EngineCall>(
    call: Call,
    request: EngineRequest<Call>['request'],
  ): Promise<ReturnType<EngineCalls[Call]>> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(engineGone());
      const id = (this.#lastId += 1);
      const timer = setTimeout(() => this.#giveUp(id, call), CALL_LIMIT_MS[call]);
      this.#pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, timer });
      this.#child.process.send({ id, call, request } satisfies EngineRequest, () => {
        // A process that is gone fails its calls when its exit is told, which is now on its way.
      });
    });
  }

  /** Ends the process, which holds nothing that must be put away; safe to call twice. */
  async stop(): Promise<void> {
    await this.#child.stop(0);
  }

  #settle(reply: EngineReply): void {
    const pending = this.#take(reply.id);
    if (!pending) return;
    if ('error' in reply) pending.reject(deserializeError(reply.error));
    else pending.resolve(reply.answer);
  }

  #take(id: number): PendingCall | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }

  #giveUp(id: number, call: EngineCall): void {
    this.#take(id)?.reject(new CodedError('TIMED_OUT', `The engine did not answer to "${call}" and is started again`));
    this.#child.process.kill('SIGKILL');
  }

  #failAll(error: CodedError | undefined): void {
    this.#gone = true;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(engineGone(error));
  }
}

function engineGone(cause?: CodedError): CodedError {
  return new CodedError('NOT_READY', 'The engine ended and is started again; try again in a moment', { cause });
}
