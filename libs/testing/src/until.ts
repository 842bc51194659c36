import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds, for things that happen in their own time.
 * @param what Said in the error when the time is up.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited ${timeoutMs} ms for: ${what}`);
    await sleep(10);
  }
}
