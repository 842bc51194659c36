import { CodedError } from '@bluewaters/errors';
import { defineWork } from '@bluewaters/messages';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../until.js';
import type { BusContext } from './describe-message-bus.js';

/** What a bus promises of work. */
export function workTests(given: () => BusContext): void {
  const dig = () => defineWork(`${given().word}.v1.dig`, z.strictObject({ n: z.number() }), z.unknown());

  it('keeps work until someone takes it, and gives each piece to one worker', async () => {
    const { here, there } = given();
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    for (const n of numbers) await here.submit(dig(), { n });
    const done: number[] = [];
    const byWorker = [0, 0];
    for (const [worker, bus] of [here, there].entries()) {
      await bus.work(dig(), async ({ n }) => {
        byWorker[worker]! += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
        done.push(n);
      });
    }
    await until('all work', () => done.length === numbers.length);
    expect([...done].sort((a, b) => a - b)).toEqual(numbers);
    expect(Math.min(...byWorker)).toBeGreaterThan(0);
  });

  it('gives one worker one piece at a time', async () => {
    const { here, there } = given();
    let running = 0;
    let most = 0;
    let done = 0;
    await there.work(dig(), async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      done += 1;
    });
    for (let n = 0; n < 5; n += 1) await here.submit(dig(), { n });
    await until('all work', () => done === 5);
    expect(most).toBe(1);
  });

  it('brings work again after a failure that may pass, counting the attempts', async () => {
    const { here, there } = given();
    const attempts: number[] = [];
    await there.work(dig(), async (_, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new CodedError('STORE_UNAVAILABLE', 'later');
    });
    await here.submit(dig(), { n: 1 });
    await until('the third attempt', () => attempts.length === 3);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('ends work that fails for good, and goes on with the next', async () => {
    const { here, there, faults } = given();
    const seen: number[] = [];
    await there.work(dig(), async ({ n }) => {
      seen.push(n);
      if (n === 1) throw new CodedError('ARCHIVE_EMPTY', 'nothing in it');
    });
    for (const n of [1, 2]) await here.submit(dig(), { n });
    await until('the second', () => seen.includes(2));
    expect(seen).toEqual([1, 2]);
    expect(faults).toMatchObject([{ code: 'ARCHIVE_EMPTY' }]);
  });

  it('tells a worker to stop, waits for it, and gives its work to another', async () => {
    const { here, there } = given();
    let begun = false;
    const first = await here.work(dig(), async (_, { signal }) => {
      begun = true;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new CodedError('INTERRUPTED', 'stopped');
    });
    await there.submit(dig(), { n: 7 });
    await until('the start', () => begun);
    await first.stop();
    const taken: [number, number][] = [];
    await there.work(dig(), async ({ n }, { attempt }) => void taken.push([n, attempt]));
    await until('the other worker', () => taken.length === 1);
    expect(taken).toEqual([[7, 2]]);
  });

  it('lets a worker finish that does not stop', async () => {
    const { here, there } = given();
    let finish = () => {};
    let begun = false;
    const working = await here.work(dig(), async () => {
      begun = true;
      await new Promise<void>((resolve) => (finish = resolve));
    });
    await here.submit(dig(), { n: 7 });
    await until('the start', () => begun);
    const stopped = working.stop();
    finish();
    await stopped;
    const taken: number[] = [];
    await there.work(dig(), async ({ n }) => void taken.push(n));
    await here.submit(dig(), { n: 8 });
    await until('the next', () => taken.length > 0);
    expect(taken).toEqual([8]);
  });

  it('lets no work through that does not match the schema', async () => {
    const { here, there, faults } = given();
    const seen: number[] = [];
    await expect(here.submit(dig(), { n: 'x' as never })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await here.submit(defineWork(dig().subject, z.unknown(), z.unknown()), 'of another version');
    await here.submit(dig(), { n: 2 });
    await there.work(dig(), async ({ n }) => void seen.push(n));
    await until('the good one', () => seen.length > 0);
    expect(seen).toEqual([2]);
    expect(faults).toMatchObject([{ code: 'MESSAGE_INVALID' }]);
  });
}
