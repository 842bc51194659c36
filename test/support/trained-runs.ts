import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpoint, type Tensor } from '@bluewaters/tensorflow';

/**
 * Options of a network with batch normalisation. At a low rate: a rectifier that is within rounding of its kink lets a
 * gradient through on one side only, so that gradients of equal runs differ now and then; the weights differ by the rate
 * times that.
 */
export const NORMALISED = { network: 'resnet-20', 'image-size': '16', 'learning-rate': '0.00002' };

/** Whether a variable is one that a gradient moves, rather than an accumulator or a moving average. */
export const isWeight = (name: string): boolean => /(?:weights|biases|gamma|beta)$/u.test(name);

/** What runs of one store left, each after the same number of steps. */
export class TrainedRuns {
  readonly #store: string;
  readonly #steps: number;

  /** @param store The folder. */
  constructor(store: string, steps: number) {
    this.#store = store;
    this.#steps = steps;
  }

  /** The mean loss on the held-out records in the end. */
  async lossOf(run: string): Promise<number> {
    const entry = await this.#read(run, 'run.json');
    return (entry as { evaluation: { loss: number } }).evaluation.loss;
  }

  /** Digests of the files of the last checkpoint. */
  async digestsOf(run: string): Promise<unknown> {
    return ((await this.#read(run, `model.ckpt-${this.#steps}.json`)) as { files: unknown }).files;
  }

  /** The largest difference between two runs' variables in the end, or between those of some names. */
  async distance(one: string, other: string, counts = (_: string): boolean => true): Promise<number> {
    const [a, b] = await Promise.all([one, other].map((run) => this.#valuesOf(run, counts)));
    return (a ?? []).reduce((largest, value, index) => Math.max(largest, Math.abs(value - (b?.[index] ?? NaN))), 0);
  }

  async #valuesOf(run: string, counts: (name: string) => boolean): Promise<number[]> {
    const tensors = await readCheckpoint(join(this.#folderOf(run), `model.ckpt-${this.#steps}`));
    const names = [...tensors.keys()].filter(counts).sort();
    const values = names.flatMap((name) => [...(tensors.get(name) as Tensor).values()].map(Number));
    for (const tensor of tensors.values()) tensor[Symbol.dispose]();
    return values;
  }

  async #read(run: string, name: string): Promise<unknown> {
    return JSON.parse(await readFile(join(this.#folderOf(run), name), 'utf8'));
  }

  #folderOf(run: string): string {
    return join(this.#store, 'runs', run, 'checkpoint_dir');
  }
}
