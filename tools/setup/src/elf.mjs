import { open } from 'node:fs/promises';

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;
const SHARED_OBJECT = 3;
/** By `process.arch`. @type {Readonly<Record<string, number>>} */
const PROCESSORS = { x64: 62, arm64: 183 };

/**
 * Looks at a library without loading it: a program that opens one that was cut short dies of it (SIGBUS).
 *
 * @param {string} file
 * @param {string} [arch] As `process.arch`.
 * @returns {Promise<string | undefined>} Why it is no whole shared library for Linux on that processor; undefined when it
 *   is one.
 * @see The System V ABI, chapters 4 and 5, and its supplements for AMD64 and AArch64, for the fields.
 */
export async function whatLibraryLacks(file, arch = process.arch) {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    /** @param {number} bytes @param {number} position */
    const read = async (bytes, position) => (await handle.read(Buffer.alloc(bytes), 0, bytes, position)).buffer;
    const header = await read(HEADER_BYTES, 0);
    if (size < HEADER_BYTES || !isElf64(header)) return 'it is not a 64-bit ELF file';
    if (header.readUInt16LE(16) !== SHARED_OBJECT) return 'it is not a shared library';
    if (header.readUInt16LE(18) !== PROCESSORS[arch]) return `it is made for another processor than ${arch}`;
    const segments = await read(SEGMENT_BYTES * header.readUInt16LE(56), Number(header.readBigUInt64LE(32)));
    const needs = Math.max(sectionsEnd(header), segmentsEnd(segments));
    return size < needs ? `it was cut short: expected at least ${needs} bytes, got ${size}` : undefined;
  } finally {
    await handle.close();
  }
}

/**
 * @param {Buffer} header
 * @returns {boolean} Whether it starts an ELF file of 64-bit words, little end first.
 */
function isElf64(header) {
  return header.toString('latin1', 0, 4) === '\x7fELF' && header[4] === 2 && header[5] === 1;
}

/**
 * @param {Buffer} header
 * @returns {number} Where the table of sections ends, in bytes from the start; it is usually the end of the file.
 */
function sectionsEnd(header) {
  return Number(header.readBigUInt64LE(40)) + SECTION_BYTES * header.readUInt16LE(60);
}

/**
 * @param {Buffer} table Zeros where the file ends before it: the sections then tell.
 * @returns {number} Where the last segment ends, in bytes from the start of the file.
 */
function segmentsEnd(table) {
  const starts = Array.from({ length: table.length / SEGMENT_BYTES }, (_, n) => n * SEGMENT_BYTES);
  const ends = starts.map((start) => Number(table.readBigUInt64LE(start + 8) + table.readBigUInt64LE(start + 32)));
  return Math.max(0, ...ends);
}
