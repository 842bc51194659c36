import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '@bluewaters/errors';

const WAIT_MS = 500;
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Asks again while the error says that trying again can help, such as while a service that was killed starts again.
 *
 * @throws What the last try threw, after a minute or when the signal is aborted.
 */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const mayHelp = isCodedError(error) && error.retryable && performance.now() < deadline;
      if (!mayHelp || signal.aborted) throw error;
      await sleep(WAIT_MS);
    }
  }
}
