/** Inputs that are kept: a file of text for each reader, a line for each input, deflated and in base64, the small ones first. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** @param {string} name Of the reader. */
export const corpusFile = (name) => fileURLToPath(new URL(`../../corpus/${name}.txt`, import.meta.url));

/** @param {string} file @returns {Buffer[]} None where there is no file. */
export function readCorpus(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => inflateRawSync(Buffer.from(line, 'base64')));
}

/** @param {string} file @param {readonly Uint8Array[]} inputs */
export function writeCorpus(file, inputs) {
  const lines = [...inputs]
    .sort((a, b) => a.length - b.length || Buffer.compare(a, b))
    .map((input) => `${deflateRawSync(input, { level: 9 }).toString('base64')}\n`);
  writeFileSync(file, lines.join(''));
}
