import { CodedError, isCodedError, type ErrorCode } from '@bluewaters/errors';
import { keyIsFolder, objectExists, objectNotFound } from '../faults.js';

/** Codes of S3 servers that say that trying again can help. */
const PASSING = new Set([
  'InternalError',
  'RequestTimeout',
  'ServerBusy',
  'ServiceUnavailable',
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'XMinioServerNotInitialized',
]);

const FULL = new Set(['XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'QuotaExceeded', 'InsufficientStorage']);
const FOLDER = new Set(['XMinioParentIsObject', 'XMinioObjectExistsAsDirectory']);

/** Gives an error of the client or the server its code. */
export function minioError(error: unknown, key: string): CodedError {
  if (isCodedError(error)) return error;
  const code = codeOf(error);
  if (code === 'NoSuchKey' || code === 'NotFound') return objectNotFound(key, error);
  if (code === 'PreconditionFailed') return objectExists(key, error);
  if (FOLDER.has(code)) return keyIsFolder(key, error);
  const message = error instanceof Error ? error.message : String(error);
  return new CodedError(storeCodeOf(error, code), `MinIO: ${message || code}`, {
    details: { file: key },
    cause: error,
  });
}

function storeCodeOf(error: unknown, code: string): ErrorCode {
  if (FULL.has(code)) return 'STORE_FULL';
  const isFromServer = error instanceof Error && error.name === 'S3Error';
  const isCertificate = code.includes('CERT') || code.includes('ALTNAME');
  return (isFromServer && !PASSING.has(code)) || isCertificate ? 'STORE_REFUSED' : 'STORE_UNAVAILABLE';
}

/** The code that an error of the client or the server has, or nothing. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
