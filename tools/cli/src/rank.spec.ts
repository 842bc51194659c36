import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { timeIsUp } from './rank.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('the time of a rank', () => {
  it('is up in a signal that nobody listens to, whatever was collected meanwhile', async () => {
    const signal = AbortSignal.any([new AbortController().signal, timeIsUp(0.3)]);
    const collecting = setInterval(collectGarbage, 20);
    await until('the end of the time', () => signal.aborted, 5_000);
    clearInterval(collecting);
  });

  it('is never up without a limit', async () => {
    expect(timeIsUp(undefined).aborted).toBe(false);
  });
});
