import type { Hyperparameters } from '@bluewaters/models';
import type { DataFormat } from '@bluewaters/tensorflow';
import { builtModule, runChildTask, type ChildTaskOptions } from '@bluewaters/service';

/** What is to be trained, and how long. */
export interface SyntheticTask {
  /** Of the registry. */
  readonly network: string;
  /** What a step is made by; the learning rate stays as it is. */
  readonly hyperparameters: Hyperparameters;
  /** Side of the pictures in pixels; the network's own by default. */
  readonly imageSize?: number;
  /** Of layers; NHWC by default. */
  readonly dataFormat?: DataFormat;
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
  | { readonly kind: 'step'; readonly step: number; readonly seconds: number; readonly loss: number };

/**
 * Trains a network on one batch of random pictures that stays where it is, in a child process: what the processor and
 * the network's operations can do where no picture has to be read.
 *
 * @throws {CodedError} NETWORK_UNKNOWN, CONFIG_INVALID, INTERRUPTED, PROCESS_DIED, and what TensorFlow says otherwise.
 */
export function trainSynthetic(task: SyntheticTask, options: ChildTaskOptions<SyntheticReport>): Promise<void> {
  return runChildTask(builtModule(new URL('./synthetic.main.js', import.meta.url)), task, options);
}
