import { join } from 'node:path';
import type { Evaluation } from '@bluewaters/messages';
import { EventWriter } from '@bluewaters/tensorflow';

/** What a step looks like to a person who watches. */
export interface StepFigures {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

/**
 * Writes what TensorBoard shows, two curves of one run: `train` and `validation`. One writer a start of the run; a start
 * that goes on writes files of its own beside the earlier ones.
 */
export class Summaries {
  readonly #train: EventWriter;
  readonly #validation: EventWriter;

  /** @param directory The `checkpoint_dir`. */
  constructor(directory: string, graph: Uint8Array) {
    this.#train = new EventWriter(join(directory, 'train'));
    this.#validation = new EventWriter(join(directory, 'validation'));
    this.#train.graph(graph);
  }

  /** Adds a point to each curve of training. */
  step({ step, loss, learningRate, imagesPerSecond }: StepFigures): void {
    this.#train.scalar('loss', step, loss);
    this.#train.scalar('learning_rate', step, learningRate);
    this.#train.scalar('images_per_second', step, imagesPerSecond);
  }

  /** Adds a point to each curve of validation. */
  evaluation(step: number, { loss, top1, top5 }: Evaluation): void {
    this.#validation.scalar('loss', step, loss);
    this.#validation.scalar('accuracy/top1', step, top1);
    this.#validation.scalar('accuracy/top5', step, top5);
  }

  /** Resolves when everything so far is in the files. */
  async flush(): Promise<void> {
    await Promise.all([this.#train.flush(), this.#validation.flush()]);
  }

  /** Ends the files. */
  async close(): Promise<void> {
    await Promise.all([this.#train.close(), this.#validation.close()]);
  }
}
