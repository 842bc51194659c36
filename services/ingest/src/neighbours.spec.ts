import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Neighbours } from './neighbours.js';

/** Work that ends by itself or by its signal. */
async function working(signal: AbortSignal): Promise<string> {
  await sleep(100, undefined, { signal }).catch(() => {});
  return signal.aborted ? 'stopped' : 'done';
}

describe('Neighbours', () => {
  it('stop what comes after a failure, now and later, and leave what comes before alone', async () => {
    const neighbours = new Neighbours(new AbortController().signal);
    const before = neighbours.run(0, working);
    const failing = neighbours.run(1, () => Promise.reject(new Error('damaged')));
    const after = neighbours.run(2, working);
    await expect(failing).rejects.toThrow('damaged');
    const later = neighbours.run(3, working);
    expect(await Promise.all([before, after, later])).toEqual(['done', 'stopped', 'stopped']);
  });

  it('all stop when the whole does', async () => {
    const whole = new AbortController();
    const neighbours = new Neighbours(whole.signal);
    const each = [0, 1].map((place) => neighbours.run(place, working));
    whole.abort();
    expect(await Promise.all(each)).toEqual(['stopped', 'stopped']);
  });
});
