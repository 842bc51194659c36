/** What archives of benchmarks are made of: pictures that are not the same, in a tar of tars. */
import { makeTar } from '../../libs/testing/dist/synthetic/tar.js';

/** With them a tar ends. */
export const CLOSING_BYTES = 1024;

/** @param {number} number @param {number} digits */
export const padded = (number, digits) => String(number).padStart(digits, '0');

/** Another picture of the same pixels: it says something in a comment. @param {Buffer} jpeg @param {string} text ASCII. */
export function withComment(jpeg, text) {
  const comment = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), comment, Buffer.from(text, 'latin1'), jpeg.subarray(2)]);
}

/**
 * The part of an archive that is a synset: a header, and its tar.
 *
 * @param {string} synset
 * @param {readonly { name: string, bytes: Buffer }[]} members
 */
export function synsetPart(synset, members) {
  return makeTar([{ name: `${synset}.tar`, bytes: makeTar(members) }]).subarray(0, -CLOSING_BYTES);
}
