/** What a fuzz needs to know of a reader. */
import { isDeepStrictEqual } from 'node:util';
import { isCodedError } from '@bluewaters/errors';

/**
 * @typedef {object} Reader
 * @property {readonly string[]} codes Of the errors that it may end with.
 * @property {readonly string[]} scripts Ends of the paths of its code, for the figures.
 * @property {number} maxBytes
 * @property {number} [largestBytes] Of a few inputs that show what time and memory grow with.
 * @property {readonly string[]} [tokens] Latin-1, of its format: chance does not find them.
 * @property {(damaged: (pattern: RegExp, maxBytes: number) => Uint8Array[]) => Promise<readonly Uint8Array[]>} seeds What
 * it is meant to read, small; `damaged` gives files that were damaged on purpose, where there are some.
 * @property {(bytes: Buffer) => Buffer} [mend] Makes checksums right, behind which most of the code would stay unseen.
 * @property {(bytes: Buffer) => Promise<string>} read Reads in every way there is, and compares. Gives a word for the result.
 */

/** What should hold of a reader, whatever it reads, does not. */
export class Broken extends Error {
  name = 'Broken';
}

/** @param {boolean} holds @param {string} what @returns {asserts holds} */
export function holds(holds, what) {
  if (!holds) throw new Broken(what);
}

/**
 * The result, or the error that a reader may end with, as a value.
 *
 * @template Value
 * @param {() => Value | Promise<Value>} read
 * @returns {Promise<{ value: Value, error?: undefined } | { value?: undefined, error: import('@bluewaters/errors').CodedError }>}
 */
export async function outcome(read) {
  try {
    return { value: await read() };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { error };
  }
}

/**
 * Two ways of reading give the same, errors included.
 *
 * @param {{ value?: unknown, error?: import('@bluewaters/errors').CodedError | undefined }} one
 * @param {{ value?: unknown, error?: import('@bluewaters/errors').CodedError | undefined }} other
 * @param {string} what
 */
export function same(one, other, what) {
  /** @param {typeof one} given */
  const plain = ({ value, error }) => (error ? error.toJSON() : value);
  if (isDeepStrictEqual(plain(one), plain(other))) return;
  throw new Broken(`${what}: ${JSON.stringify(plain(one))} and ${JSON.stringify(plain(other))}`.slice(0, 800));
}

/** A source over bytes, which says so when it is read beyond its ends. @param {Uint8Array} bytes @param {string} [file] */
export function sourceOf(bytes, file = 'given') {
  return {
    file,
    size: bytes.length,
    remote: false,
    version: '1',
    /** @param {{ offset: number, length: number }} range */
    read: async ({ offset, length }) => {
      holds(
        offset >= 0 && length >= 0 && offset + length <= bytes.length,
        `read ${offset}+${length} of ${bytes.length}`,
      );
      return bytes.subarray(offset, offset + length);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
