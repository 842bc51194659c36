import type { Logger } from 'pino';

/** One wish often comes twice: from the terminal to the whole group, and from `npm` or `timeout` that passes it on. */
const SAME_WISH_MS = 500;

/**
 * SIGTERM and SIGINT ask once for a graceful end and, the second time, end at once with code 1. An error that nobody
 * caught is logged and ends the process with code 1: what it left behind can't be trusted, and the store can.
 *
 * @returns Resolves with the first signal's name.
 */
export function stopSignal(log: Logger): Promise<string> {
  const fatal = (error: unknown): void => {
    log.fatal({ err: error }, 'uncaught error');
    process.exit(1);
  };
  process.on('uncaughtException', fatal).on('unhandledRejection', fatal);
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const onSignal = (signal: string): void => {
      if (askedAt !== undefined && performance.now() - askedAt > SAME_WISH_MS) process.exit(1);
      askedAt ??= performance.now();
      resolve(signal);
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
}
