import { CodedError, toCodedError } from '@bluewaters/errors';
import type { ByteRange } from './object-store.js';

/** There is no object under a key. */
export function objectNotFound(key: string, cause?: unknown): CodedError {
  return new CodedError('OBJECT_NOT_FOUND', 'The store has no such object', { details: { file: key }, cause });
}

/** A key that had to be new is taken. */
export function objectExists(key: string, cause?: unknown): CodedError {
  return new CodedError('OBJECT_EXISTS', 'The store already has this object', { details: { file: key }, cause });
}

/** A key would make an object the folder of another, which directories and S3 servers on directories cannot hold. */
export function keyIsFolder(key: string, cause?: unknown): CodedError {
  return new CodedError('KEY_INVALID', 'A key cannot be an object and a folder of objects at once', {
    details: { file: key },
    cause,
  });
}

/** Checks a range against the object that it is read from. @throws {CodedError} STORE_REFUSED. */
export function assertRange(key: string, { offset, length }: ByteRange, size: number): void {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (isCount(offset) && isCount(length) && offset + length <= size) return;
  throw new CodedError('STORE_REFUSED', 'A range runs past the end of an object', {
    details: { file: key, offset, expected: `a range within ${size} bytes`, got: `${length} bytes` },
  });
}

/** Gives an error of the file system its code, with the object or file where it happened. */
export function fileError(error: unknown, file: string): CodedError {
  const coded = toCodedError(error, 'STORE_UNAVAILABLE');
  if (coded === error) return coded;
  const code = isSystemError(error, 'EFBIG') ? 'STORE_FULL' : coded.code;
  const message = isSystemError(error, 'ENOENT') ? 'There is no such file' : coded.message;
  return new CodedError(code, message, { details: { file }, cause: error });
}

/** True for an error of the operating system with one of these codes. */
export function isSystemError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** A path names a folder or a device where a file is needed. */
export function notAFile(path: string): CodedError {
  const details = { file: path, expected: 'a file', got: 'a folder or a device' };
  return new CodedError('FILE_NOT_FOUND', 'Not a file', { details });
}
