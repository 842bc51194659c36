import { CodedError } from '@bluewaters/errors';

const SEGMENT = /^[A-Za-z0-9._=-]{1,200}$/u;
const LONGEST_KEY = 1024;
const KEY_FORM = 'parts of 1 to 200 of A-Z a-z 0-9 . _ = - joined by /, at most 1024 characters';

/**
 * Checks that a key is one that every store can hold and that names nothing outside the store: parts joined by `/`,
 * each 1 to 200 of `A-Z a-z 0-9 . _ = -` and neither `.` nor `..`; at most 1,024 characters.
 * @throws {CodedError} KEY_INVALID.
 */
export function assertKey(key: string): void {
  if (!isKey(key)) {
    throw new CodedError('KEY_INVALID', 'An object key is not allowed', {
      details: { expected: KEY_FORM, got: quoted(key) },
    });
  }
}

/** True for what {@link assertKey} lets pass. */
export function isKey(key: string): boolean {
  return key.length <= LONGEST_KEY && key.split('/').every(isKeyPart);
}

/** Checks the start of keys: whole parts as in `assertKey`, then the start of a part, which may be empty. */
export function assertPrefix(prefix: string): void {
  const parts = prefix.split('/');
  const start = parts.pop() ?? '';
  const startIsAllowed = start === '' || SEGMENT.test(start);
  if (prefix.length > LONGEST_KEY || !parts.every(isKeyPart) || !startIsAllowed) {
    throw new CodedError('KEY_INVALID', 'A prefix of object keys is not allowed', {
      details: { expected: `the start of a key: ${KEY_FORM}`, got: quoted(prefix) },
    });
  }
}

/** True for what may stand between two `/` of a key. */
export function isKeyPart(part: string): boolean {
  return SEGMENT.test(part) && part !== '.' && part !== '..';
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
