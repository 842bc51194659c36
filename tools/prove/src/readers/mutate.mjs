/** Changes to bytes, small and large, as a fuzz tries them. */

/** @import { Random } from '../fuzz/random.mjs' */

const ODD_BYTES = [0, 1, 0x20, 0x7f, 0x80, 0xff, 0x0a, 0x2d, 0x30, 0x37, 0x39];
const ODD_NUMBERS = ['0', '1', '-1', '8', '07777777777', '9007199254740993', '4294967296', '1e3', ''];
const MOST_CHANGES = 6;

/** @typedef {{ random: Random, tokens: readonly Uint8Array[], others: readonly Uint8Array[] }} Means What changes are made of. */

/**
 * Bytes that are like `bytes`.
 *
 * @param {Uint8Array} bytes Stays as it is.
 * @param {Means} means
 * @param {number} maxBytes
 */
export function mutate(bytes, means, maxBytes) {
  let changed = Buffer.from(bytes);
  const changes = means.random.chance(0.5) ? 1 : means.random.below(MOST_CHANGES) + 1;
  for (let left = changes; left > 0; left--) {
    changed = means.random.pick(CHANGES)(changed, means);
  }
  return changed.subarray(0, maxBytes);
}

/**
 * Bytes of which two pieces are there very often, one perhaps within the other: what takes more than its length tells here.
 *
 * @param {Uint8Array} bytes
 * @param {Random} random
 * @param {number} largestBytes
 */
export function blowUp(bytes, random, largestBytes) {
  let blown = Buffer.from(bytes);
  for (const most of [largestBytes / 2, largestBytes]) {
    const [at, length] = range(blown, random);
    const piece = blown.subarray(at, at + length);
    const times = Math.max(0, Math.floor((most - blown.length) / Math.max(1, length)));
    blown = splice(blown, at, 0, Buffer.alloc(times * length, piece));
  }
  return blown;
}

/** @type {readonly ((bytes: Buffer, means: Means) => Buffer)[]} */
const CHANGES = [
  (bytes, { random }) => setByte(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, { random }) => setByte(bytes, random, () => random.pick(ODD_BYTES)),
  (bytes, { random }) => setByte(bytes, random, () => random.below(256)),
  (bytes, { random }) => setByte(bytes, random, (byte) => byte + random.below(17) - 8),
  (bytes, { random, tokens }) => {
    const token = tokens.length > 0 ? random.pick(tokens) : Buffer.of(random.below(256));
    return splice(bytes, random.below(bytes.length + 1), random.chance(0.5) ? token.length : 0, token);
  },
  (bytes, { random }) => changeNumber(bytes, random),
  (bytes, { random }) => splice(bytes, ...range(bytes, random), Buffer.alloc(0)),
  (bytes, { random }) => {
    const [at, length] = range(bytes, random);
    return splice(bytes, random.below(bytes.length + 1), 0, bytes.subarray(at, at + length));
  },
  (bytes, { random }) => {
    const [at, length] = range(bytes, random);
    return splice(bytes, at, length, Buffer.alloc(length, random.pick(ODD_BYTES)));
  },
  (bytes, { random, others }) => {
    const other = random.pick(others);
    const [at, length] = range(other, random);
    const to = random.below(bytes.length + 1);
    return splice(bytes, to, random.chance(0.5) ? length : 0, other.subarray(at, at + length));
  },
  (bytes, { random }) => (random.chance(0.3) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes),
];

/** @param {Buffer} bytes @param {Random} random @param {(byte: number) => number} change */
function setByte(bytes, random, change) {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = change(bytes[at] ?? 0);
  return bytes;
}

/** Another number where digits stand, of the same length or another. @param {Buffer} bytes @param {Random} random */
function changeNumber(bytes, random) {
  const from = random.below(bytes.length + 1);
  const text = bytes.toString('latin1', from, from + 512);
  const found = /\d+/u.exec(text);
  if (!found) return bytes;
  const number = random.pick(ODD_NUMBERS);
  const fitting = random.chance(0.5) ? number.padStart(found[0].length, '0').slice(-found[0].length) : number;
  return splice(bytes, from + found.index, found[0].length, Buffer.from(fitting));
}

/** A place and a length: mostly short, at times of blocks. @param {Uint8Array} bytes @param {Random} random @returns {[number, number]} */
function range(bytes, random) {
  const at = random.below(bytes.length + 1);
  const left = bytes.length - at;
  if (random.chance(0.2)) return [at - (at % 512), Math.min(512 * (1 + random.below(3)), bytes.length)];
  return [at, Math.min(left, random.chance(0.7) ? random.below(32) : random.below(left + 1))];
}

/** @param {Buffer} bytes @param {number} at @param {number} removed @param {Uint8Array} added */
function splice(bytes, at, removed, added) {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}
