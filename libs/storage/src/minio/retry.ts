import { setTimeout as sleep } from 'node:timers/promises';
import { minioError } from './errors.js';

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 100;

/**
 * Runs a call again while it fails with what may pass: four times in about two seconds.
 * @param run Told whether an earlier attempt failed, and so may still have had its effect.
 */
export async function retrying<T>(key: string, run: (isRepeat: boolean) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt > 1);
    } catch (error) {
      const coded = minioError(error, key);
      if (!coded.retryable || attempt === ATTEMPTS) throw coded;
      // A random share keeps many ranks from coming back at the same moment.
      await sleep(FIRST_DELAY_MS * 3 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}
