import { CodedError } from '@bluewaters/errors';
import { describe, expect, it } from 'vitest';
import { BatchQueue, MAX_BATCH } from './batch-queue.js';
import type { Engine } from './engine.js';
import type { OutputBatch } from './engine-messages.js';

/** Answers [value, value + 1] for a picture of one byte; refuses a batch with a picture of value 99. Waits for `release`. */
class FakeEngine implements Pick<Engine, 'predict'> {
  readonly batches: { readonly key: string; readonly values: number[] }[] = [];
  #gates: (() => void)[] = [];

  readonly #held: boolean;

  constructor(held = false) {
    this.#held = held;
  }

  release(): void {
    this.#gates.shift()?.();
  }

  async predict(key: string, images: readonly Uint8Array[]): Promise<Record<string, OutputBatch>> {
    const values = images.map(([value]) => value!);
    this.batches.push({ key, values });
    if (this.#held) await new Promise<void>((resolve) => this.#gates.push(resolve));
    if (values.includes(99)) throw new CodedError('IMAGE_INVALID', 'not a picture');
    const pairs = values.flatMap((value) => [value, value + 1]);
    return { pair: { dtype: 'int32', shape: [values.length, 2], values: Int32Array.from(pairs) } };
  }
}

const picture = (value: number) => Uint8Array.of(value);
const queueOf = (engine: FakeEngine, maxLength = 1000) =>
  new BatchQueue(engine as unknown as Engine, { maxLength, onBatch: () => {} });

async function ask(queue: BatchQueue, key: string, ...values: number[]): Promise<unknown[]> {
  return (await queue.predict(key, values.map(picture))).map((prediction) => prediction['pair']!.values);
}

describe('BatchQueue', () => {
  it('gives every request the rows of its own pictures, in their order', async () => {
    const queue = queueOf(new FakeEngine());
    const answers = await Promise.all([ask(queue, 'a', 1, 2), ask(queue, 'b', 3), ask(queue, 'a', 4, 5)]);
    expect(answers).toEqual([
      [
        [1, 2],
        [2, 3],
      ],
      [[3, 4]],
      [
        [4, 5],
        [5, 6],
      ],
    ]);
  });

  it('runs what came while the engine was busy as one batch, one model at a time', async () => {
    const engine = new FakeEngine(true);
    const queue = queueOf(engine);
    const first = ask(queue, 'a', 1);
    const rest = [ask(queue, 'a', 2), ask(queue, 'b', 3), ask(queue, 'a', 4)];
    expect(queue.length).toBe(3);
    const pump = setInterval(() => engine.release(), 1);
    await Promise.all([first, ...rest]);
    clearInterval(pump);
    expect(engine.batches).toEqual([
      { key: 'a', values: [1] },
      { key: 'a', values: [2, 4] },
      { key: 'b', values: [3] },
    ]);
  });

  it('never runs more than a full batch', async () => {
    const engine = new FakeEngine();
    await ask(queueOf(engine), 'a', ...Array.from({ length: 2 * MAX_BATCH + 3 }, (_, index) => index));
    expect(engine.batches.map(({ values }) => values.length)).toEqual([MAX_BATCH, MAX_BATCH, 3]);
  });

  it('lets one bad picture harm none of the others in its batch', async () => {
    const engine = new FakeEngine(true);
    const queue = queueOf(engine);
    const pump = setInterval(() => engine.release(), 1);
    const busy = ask(queue, 'a', 0);
    const answers = await Promise.allSettled([ask(queue, 'a', 1), ask(queue, 'a', 99), ask(queue, 'a', 2), busy]);
    clearInterval(pump);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { code: 'IMAGE_INVALID' } });
  });

  it('refuses what does not fit, and takes pictures again once there is room', async () => {
    const engine = new FakeEngine(true);
    const queue = queueOf(engine, 2);
    const running = ask(queue, 'a', 1);
    const waiting = ask(queue, 'a', 2, 3);
    await expect(ask(queue, 'a', 4)).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
    const pump = setInterval(() => engine.release(), 1);
    await Promise.all([running, waiting]);
    expect(await ask(queue, 'a', 4)).toEqual([[4, 5]]);
    clearInterval(pump);
  });
});
