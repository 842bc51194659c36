import { CodedError } from '@bluewaters/errors';
import { describe, expect, it } from 'vitest';
import { patiently } from './patiently.js';

describe('patiently', () => {
  const { signal } = new AbortController();

  it('asks again after an error that may pass', async () => {
    let asked = 0;
    const answer = await patiently(async () => {
      asked += 1;
      if (asked < 2) throw new CodedError('NO_RESPONDERS', 'not yet');
      return asked;
    }, signal);
    expect(answer).toBe(2);
  });

  it('gives up at once on an error that stays, and when it is told to stop', async () => {
    const stays = (): Promise<never> => Promise.reject(new CodedError('MODEL_UNKNOWN', 'x'));
    await expect(patiently(stays, signal)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    const passes = (): Promise<never> => Promise.reject(new CodedError('OVERLOADED', 'x'));
    await expect(patiently(passes, AbortSignal.abort())).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
