import { CodedError, toCodedError } from '@bluewaters/errors';

/**
 * Hears of what nobody waits for: a message that matches no schema, a handler that failed for good.
 * @param where The subject or table.
 */
export type FaultListener = (error: CodedError, where: string) => void;

/** Tells a fault through Node's warnings, the listener where none is given. */
export function warnOfFault(error: CodedError, where: string): void {
  process.emitWarning(`${where}: ${error.message}`, { type: 'BusFault', code: error.code });
}

/** The bus was closed while or before it was used. */
export function busClosed(): CodedError {
  return new CodedError('BUS_UNAVAILABLE', 'The message bus is closed');
}

/** Nobody serves a command. */
export function noResponders(subject: string): CodedError {
  return new CodedError('NO_RESPONDERS', `No service answers ${subject}`, { details: { field: subject } });
}

/** A state entry is not at the revision that an update needs. */
export function stateConflict(key: string, expected: number, got?: number): CodedError {
  return new CodedError('STATE_CONFLICT', 'Someone else changed a state entry', {
    details: {
      field: key,
      expected: `revision ${expected}`,
      ...(got !== undefined && { got: `revision ${got}` }),
    },
  });
}

/** A command was not answered in time. */
export function timedOut(subject: string, timeoutMs: number): CodedError {
  return new CodedError('TIMED_OUT', `${subject} was not answered in time`, {
    details: { field: subject, expected: `an answer within ${timeoutMs} ms` },
  });
}

/** The answer of `work`, or TIMED_OUT when it takes longer than `timeoutMs`. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, subject: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(timedOut(subject, timeoutMs));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long work waits before it comes again after its `attempt`-th delivery failed, in milliseconds. */
export function retryDelayMs(attempt: number): number {
  return Math.min(100 * 2 ** (attempt - 1), 10_000);
}

/** Runs a handler so that it rejects with CodedErrors only, also when it throws before its first promise. */
export async function coded<T>(run: () => Promise<T> | T): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toCodedError(error);
  }
}
