import { CodedError } from '@bluewaters/errors';

/**
 * Order by seed. Everything here is a pure function of its arguments, the same on every machine: integers of 32 bits
 * and nothing else. The generator is sfc32 (Small Fast Counting, Chris Doty-Humphrey, PractRand), its state filled from
 * the key words by a 32-bit mixing function and 16 first draws thrown away.
 */

/**
 * The numbers 0 to `count` - 1 in an order that looks random (Fisher-Yates, without modulo bias).
 *
 * @param count Up to 2^32 - 1.
 * @param key Integers from 0 to 2^53: the seed, then whatever sets this order apart from others of the same seed, such
 * as a purpose or an epoch.
 */
export function shuffledOrder(count: number, ...key: readonly number[]): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = randomWords(key);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1, random);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** An integer from 0 to 2^32 - 1 that looks random and is a function of the key, as in {@link shuffledOrder}. */
export function randomWord(...key: readonly number[]): number {
  return randomWords(key)();
}

/** One contiguous part of a list: `start` to `end`, without `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Cuts a list of `count` into `parts` contiguous ranges whose lengths differ by at most one; together they cover it. */
export function evenRanges(count: number, parts: number): Range[] {
  const cut = (part: number) => Number((BigInt(count) * BigInt(part)) / BigInt(parts));
  return Array.from({ length: parts }, (_, part) => ({ start: cut(part), end: cut(part + 1) }));
}

/** Draws 32-bit words: sfc32. */
function randomWords(key: readonly number[]): () => number {
  let [a, b, c] = mixKey(key);
  let counter = 1;
  const next = (): number => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
  for (let draw = 0; draw < 16; draw++) next();
  return next;
}

/** Three words of state, each touched by every bit of the key. */
function mixKey(key: readonly number[]): [number, number, number] {
  let hash = 0x9e3779b9 | 0;
  for (const value of key) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new CodedError('CONFIG_INVALID', 'A seed is out of range', {
        details: { field: 'seed', expected: 'an integer from 0 to 2^53', got: String(value) },
      });
    }
    hash = mix(hash ^ mix(value | 0));
    hash = mix(hash ^ mix(Math.floor(value / 2 ** 32) + 0x85ebca6b));
  }
  return [mix(hash + 1), mix(hash + 2), mix(hash + 3)];
}

/** The finishing step of MurmurHash3: every bit of the input changes half of the output's. */
function mix(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A number from 0 to `limit` - 1, all equally likely: draws that would favour the low ones are thrown away. */
function below(limit: number, random: () => number): number {
  const usable = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const word = random();
    if (word < usable) return word % limit;
  }
}
