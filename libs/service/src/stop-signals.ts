import type { Logger } from 'pino';

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
    let asked = false;
    const onSignal = (signal: string): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
}
