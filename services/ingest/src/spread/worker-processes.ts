import { CodedError } from '@bluewaters/errors';
import { serveChild, type Subscription } from '@bluewaters/messages';
import { builtModule, forkChild, type ForkedChild, type ServicePorts } from '@bluewaters/service';
import type { WorkerTask } from './worker.main.js';

/** One that cannot live is not to take the processor for its attempts. */
const RESTART_AFTER_MS = 1_000;
/** One thread decodes, another reads ahead: as many workers as there are cores keep each of them busy, and no more. */
const ONE_CORE = { UV_THREADPOOL_SIZE: '2' };

/**
 * Starts processes that take units. One that ends is replaced, and its unit comes again.
 *
 * @returns resolves when one takes units: the others join it when they are ready. Stopping it ends them all.
 * @throws {CodedError} PROCESS_DIED when one could not begin before that.
 */
export async function startWorkers(
  count: number,
  task: WorkerTask,
  ports: Pick<ServicePorts, 'bus' | 'log'>,
): Promise<Subscription> {
  const workers = Array.from({ length: count }, () => new WorkerProcess(task, ports));
  const stop = async (): Promise<void> => void (await Promise.all(workers.map((worker) => worker.stop())));
  try {
    await Promise.race(workers.map((worker) => worker.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** One worker over the lives of its processes. */
class WorkerProcess {
  readonly #task: WorkerTask;
  readonly #ports: Pick<ServicePorts, 'bus' | 'log'>;
  #child: ForkedChild | undefined;
  #bridge: Subscription | undefined;
  #again: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(task: WorkerTask, ports: Pick<ServicePorts, 'bus' | 'log'>) {
    this.#task = task;
    this.#ports = ports;
  }

  /** Resolves when a process takes units. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = forkChild(builtModule(new URL('./worker.main.js', import.meta.url)), {
        args: [JSON.stringify(this.#task)],
        env: ONE_CORE,
        onExit: (error) => {
          reject(error ?? new CodedError('PROCESS_DIED', 'A worker ended before it took any work'));
          this.#ended(error);
        },
      });
      this.#child = child;
      this.#bridge = serveChild(child.process, this.#ports.bus);
      child.process.on('message', (message) => {
        if (message === 'ready') resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#again);
    await this.#child?.stop();
    await this.#bridge?.stop();
  }

  #ended(error: CodedError | undefined): void {
    if (this.#stopping) return;
    this.#ports.log.warn({ err: error }, 'a worker ended; another takes its place');
    // What keeps one from beginning is told each time that one ends.
    this.#again = setTimeout(() => void this.start().catch(() => undefined), RESTART_AFTER_MS);
  }
}
