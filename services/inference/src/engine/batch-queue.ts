import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import type { Engine } from './engine.js';
import type { OutputBatch } from './engine-messages.js';

/** What a model made of one picture, by the name of the output: the row of that picture. */
export type Prediction = Readonly<Record<string, OutputBatch>>;

/** Enough to fill the cores, few enough that no picture waits long for the others of its batch. */
export const MAX_BATCH = 32;

interface WaitingPicture {
  readonly key: string;
  readonly image: Uint8Array;
  readonly resolve: (prediction: Prediction) => void;
  readonly reject: (error: CodedError) => void;
}

/**
 * Pictures that wait for the engine. It takes what is waiting for one model, up to {@link MAX_BATCH}, runs it, and
 * looks again: an idle engine answers at once, and under load batches grow by themselves.
 */
export class BatchQueue {
  readonly #engine: Engine;
  readonly #options: BatchQueueOptions;
  #waiting: WaitingPicture[] = [];
  #running = false;

  constructor(engine: Engine, options: BatchQueueOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** Pictures that wait; those in the engine are not counted. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * One prediction for each picture, in their order.
   *
   * @param images JPEG pictures.
   * @throws {CodedError} OVERLOADED when they don't fit into the queue; nothing is queued then. What the engine throws.
   */
  predict(key: string, images: readonly Uint8Array[]): Promise<Prediction[]> {
    const { maxLength } = this.#options;
    if (this.#waiting.length + images.length > maxLength) {
      return Promise.reject(
        new CodedError('OVERLOADED', `The queue holds ${this.#waiting.length} of at most ${maxLength} pictures`),
      );
    }
    const predictions = images.map(
      (image) => new Promise<Prediction>((resolve, reject) => this.#waiting.push({ key, image, resolve, reject })),
    );
    void this.#drain();
    return Promise.all(predictions);
  }

  async #drain(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.length > 0) await this.#run(this.#takeBatch());
    this.#running = false;
  }

  /** The longest-waiting picture decides whose turn it is. */
  #takeBatch(): WaitingPicture[] {
    const { key } = this.#waiting[0]!;
    const batch = this.#waiting.filter((picture) => picture.key === key).slice(0, MAX_BATCH);
    this.#waiting = this.#waiting.filter((picture) => !batch.includes(picture));
    return batch;
  }

  async #run(batch: readonly WaitingPicture[]): Promise<void> {
    this.#options.onBatch(batch.length);
    try {
      const images = batch.map(({ image }) => image);
      const outputs = await this.#engine.predict(batch[0]!.key, images);
      batch.forEach(({ resolve }, index) => resolve(rowOf(outputs, index)));
    } catch (error) {
      if (batch.length > 1 && isCodedError(error, 'IMAGE_INVALID')) await this.#runOneByOne(batch);
      else batch.forEach(({ reject }) => reject(toCodedError(error)));
    }
  }

  /** TensorFlow refuses a whole batch for one bad picture; the others must not suffer for it. */
  async #runOneByOne(batch: readonly WaitingPicture[]): Promise<void> {
    for (const picture of batch) await this.#run([picture]);
  }
}

interface BatchQueueOptions {
  /** Pictures that may wait. */
  readonly maxLength: number;
  /** Told the number of pictures of each run. */
  readonly onBatch: (size: number) => void;
}

function rowOf(outputs: Readonly<Record<string, OutputBatch>>, index: number): Prediction {
  const rows = Object.entries(outputs).map(([name, { dtype, shape, values }]) => {
    const length = shape.slice(1).reduce((product, size) => product * size, 1);
    const row = Array.prototype.slice.call(values, index * length, (index + 1) * length) as (number | string)[];
    return [name, { dtype, shape: shape.slice(1), values: row }];
  });
  return Object.fromEntries(rows) as Prediction;
}
