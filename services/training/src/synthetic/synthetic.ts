import { CodedError, deserializeError, type SerializedError } from '@bluewaters/errors';
import { builtModule, forkChild } from '@bluewaters/service';

/** What is to be trained, and how long. */
export interface SyntheticTask {
  /** Of the registry. */
  readonly network: string;
  /** Pictures a step. */
  readonly batch: number;
  /** Side of the pictures in pixels; the network's own by default. */
  readonly imageSize?: number;
  /** TensorFlow's. */
  readonly threads: number;
  /** Steps before the first that counts. */
  readonly warmupBatches: number;
  /** Steps that count. */
  readonly batches: number;
}

/** What a synthetic training tells, in this order; `step` once a step. */
export type SyntheticReport =
  | { readonly kind: 'built'; readonly tensorflow: string; readonly devices: readonly string[] }
  | { readonly kind: 'warm' }
  | { readonly kind: 'step'; readonly step: number; readonly seconds: number; readonly loss: number }
  | { readonly kind: 'failed'; readonly error: SerializedError };

/**
 * Trains a network on one batch of random pictures that stays where it is, in a child process: what the processor and
 * the network's operations can do where no picture has to be read.
 *
 * @param onReport Told as it happens.
 * @throws {CodedError} What the child failed with; INTERRUPTED when `signal` ended it; PROCESS_DIED.
 */
export async function trainSynthetic(
  task: SyntheticTask,
  { onReport, signal }: { readonly onReport: (report: SyntheticReport) => void; readonly signal: AbortSignal },
): Promise<void> {
  let failure: CodedError | undefined;
  const child = forkChild(builtModule(new URL('./synthetic.main.js', import.meta.url)), {
    args: [JSON.stringify(task)],
    onExit: (error) => (failure ??= error),
  });
  child.process.on('message', (message) => {
    const report = message as SyntheticReport;
    if (report.kind === 'failed') failure = deserializeError(report.error);
    else onReport(report);
  });
  const stop = (): void => void child.stop();
  signal.addEventListener('abort', stop, { once: true });
  await child.exited;
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw new CodedError('INTERRUPTED', 'Synthetic training was stopped');
  if (failure) throw failure;
}
