import type { Logger } from 'pino';
import { loadPino } from './load-late.js';

/** How much is logged; `silent` is nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** See {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * One JSON object a line on stderr: `level` as a word, `time` in ISO 8601, `service`, `msg`, and for errors `err` with
 * their code. Written at once, so that the last line before an exit is never lost.
 */
export function createLogger({ service, level = 'info' }: { service: string; level?: LogLevel }): Logger {
  const { destination, pino, stdTimeFunctions } = loadPino();
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ dest: 2, sync: true }),
  );
}
