/** What went wrong while a graph ran, from TensorFlow's words to the table of codes. */
import { CodedError, isCodedError, type ErrorCode, type ErrorDetails } from '@bluewaters/errors';
import { StatusError } from './status.js';

/** Failures of files, which a caller treats unlike a fault of the graph. */
const FILE_FAILURES: readonly { readonly words: RegExp; readonly code: ErrorCode }[] = [
  { words: /corrupted record at (?<offset>\d+)/, code: 'RECORD_CORRUPT' },
  { words: /truncated record at (?<offset>\d+)/, code: 'RECORD_CORRUPT' },
  { words: /No space left on device|Disk quota exceeded/, code: 'STORE_FULL' },
  { words: /(?<file>\/[^\s;:]+); No such file or directory/, code: 'FILE_NOT_FOUND' },
];

/** The error for a failed run: TENSORFLOW_FAILED, or the code of the file that caused it. */
export function runFailure(failure: StatusError): CodedError {
  const message = failure.message.replace(/\s+/g, ' ').trim();
  const operation = /\{\{node ([^}]+)\}\}/.exec(message)?.[1];
  for (const { words, code } of FILE_FAILURES) {
    const groups = words.exec(message)?.groups;
    if (words.test(message)) return coded(code, message, operation, failure, groups);
  }
  return coded('TENSORFLOW_FAILED', message, operation, failure);
}

function coded(
  code: ErrorCode,
  message: string,
  operation: string | undefined,
  cause: StatusError,
  groups: Readonly<Record<string, string>> = {},
): CodedError {
  const details: ErrorDetails = {
    ...(groups['file'] !== undefined && { file: groups['file'] }),
    ...(groups['offset'] !== undefined && { offset: Number(groups['offset']) }),
    ...(operation !== undefined && { field: operation }),
  };
  return new CodedError(code, `TensorFlow reported ${cause.status}: ${message}`, { details, cause });
}

/** Whether a run ended because an iterator had nothing left; an epoch ends so. */
export function isEndOfSequence(error: unknown): boolean {
  return isCodedError(error) && error.cause instanceof StatusError && error.cause.status === 'OUT_OF_RANGE';
}
