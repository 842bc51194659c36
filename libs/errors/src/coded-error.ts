import { ERROR_CODES, type ErrorCode } from './codes.js';

/** Where an error happened and what was wrong there; every part that is known. */
export interface ErrorDetails {
  /** The file, object key or archive member, as the user would name it. */
  readonly file?: string;
  /** Bytes from the start of `file`. */
  readonly offset?: number;
  /** The option, feature or JSON field. */
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
}

/** How a {@link CodedError} travels in messages, logs and HTTP bodies. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails;
}

/** The only error that leaves a public function on purpose. `code` decides what the caller does; `message` is for people. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /**
   * @param code From the closed table.
   * @param message What was being done and what went wrong, without the details: those are appended.
   * @param options `details` name the place; `cause` keeps the vendor's error.
   */
  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(
      message + describeDetails(options.details),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = options.details ?? {};
  }

  /** True when the same call may succeed later. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** The status for an HTTP answer. */
  get httpStatus(): number {
    return ERROR_CODES[this.code].httpStatus;
  }

  /** The form that {@link deserializeError} takes back. */
  toJSON(): SerializedError {
    return { code: this.code, message: this.message, details: this.details };
  }
}

function describeDetails(details: ErrorDetails | undefined): string {
  if (!details) return '';
  const { file, offset, field, expected, got } = details;
  const parts = [
    file !== undefined && `file ${file}`,
    offset !== undefined && `offset ${offset}`,
    field !== undefined && `field ${field}`,
    expected !== undefined && `expected ${expected}`,
    got !== undefined && `got ${got}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Rebuilds an error that another process serialized; the message already holds its details. */
export function deserializeError(serialized: SerializedError): CodedError {
  const error = new CodedError(serialized.code, serialized.message);
  Object.assign(error, { details: serialized.details ?? {} });
  return error;
}

/** True for a {@link CodedError}, also one from another copy of this package; with `code`, only for that code. */
export function isCodedError(error: unknown, code?: ErrorCode): error is CodedError {
  return (
    error instanceof Error &&
    error.name === 'CodedError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}

/**
 * Gives every thrown value a code: a {@link CodedError} stays as it is, a full disk becomes STORE_FULL, a missing
 * file FILE_NOT_FOUND, and anything else `fallback` with the original as `cause`.
 */
export function toCodedError(error: unknown, fallback: ErrorCode = 'INTERNAL'): CodedError {
  if (isCodedError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CodedError(codeOfSystemError(error) ?? fallback, message, { cause: error });
}

const SYSTEM_ERRORS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'STORE_FULL',
  EDQUOT: 'STORE_FULL',
  ENOENT: 'FILE_NOT_FOUND',
  EISDIR: 'FILE_NOT_FOUND',
  EACCES: 'STORE_REFUSED',
  EPERM: 'STORE_REFUSED',
  EROFS: 'STORE_REFUSED',
  EADDRINUSE: 'PORT_IN_USE',
};

function codeOfSystemError(error: unknown): ErrorCode | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? SYSTEM_ERRORS[code] : undefined;
}
