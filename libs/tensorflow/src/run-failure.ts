/** What went wrong while a graph ran, from TensorFlow's words to the table of codes. */
import { CodedError, isCodedError, type ErrorCode, type ErrorDetails } from '@bluewaters/errors';
import { StatusError } from './status.js';

/** Failures of files, which a caller treats unlike a fault of the graph. */
const FILE_FAILURES: readonly { readonly words: RegExp; readonly code: ErrorCode }[] = [
  // Our own operation for records names the file as well.
  { words: /(?:corrupted|truncated) record at (?<offset>\d+)(?: in '(?<file>[^']+)')?/, code: 'RECORD_CORRUPT' },
  { words: /No space left on device|Disk quota exceeded/, code: 'STORE_FULL' },
  { words: /(?<file>\/[^\s;:]+); No such file or directory/, code: 'FILE_NOT_FOUND' },
];

/** The error for a failed run: TENSORFLOW_FAILED, or the code of the file that caused it. */
export function runFailure(failure: StatusError): CodedError {
  const words = failure.message.replace(/\s+/g, ' ').trim();
  const found = FILE_FAILURES.find((kind) => kind.words.test(words));
  const details = { ...placeIn(words, found?.words), ...operationIn(words) };
  const message = `TensorFlow reported ${failure.status}: ${words}`;
  return new CodedError(found?.code ?? 'TENSORFLOW_FAILED', message, { details, cause: failure });
}

function placeIn(words: string, pattern: RegExp | undefined): ErrorDetails {
  const { file, offset } = pattern?.exec(words)?.groups ?? {};
  return { ...(file !== undefined && { file }), ...(offset !== undefined && { offset: Number(offset) }) };
}

function operationIn(words: string): ErrorDetails {
  const field = /\{\{node ([^}]+)\}\}/.exec(words)?.[1];
  return field === undefined ? {} : { field };
}

/** Whether a run ended because an iterator had nothing left; an epoch ends so. */
export function isEndOfSequence(error: unknown): boolean {
  return isCodedError(error) && error.cause instanceof StatusError && error.cause.status === 'OUT_OF_RANGE';
}

/** Whether a run ended because another process of its cluster did, or could not be reached. */
export function isPeerLost(error: unknown): boolean {
  return isCodedError(error) && error.cause instanceof StatusError && LOST.has(error.cause.status);
}

/** What runs end with when a connection breaks, and when a step is given up since another part of it was. */
const LOST: ReadonlySet<string> = new Set(['UNAVAILABLE', 'ABORTED', 'CANCELLED']);
