/**
 * Runs `work` on up to `limit` values at a time and gives the results in the order of the values, so that what comes
 * out does not depend on which was finished first. An error stops the taking of values and comes in its turn.
 * When the caller ends early, what is running is waited for.
 */
export async function* inOrder<T, R>(
  values: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (value: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const value of values) {
      const result = work(value);
      // It is awaited in its turn; until then a failure is no unhandled rejection.
      result.catch(() => {});
      running.push(result);
      if (running.length >= limit) yield running.shift()!;
    }
    while (running.length > 0) yield running.shift()!;
  } finally {
    await Promise.allSettled(running);
  }
}
