/** Tars that are right, and tars that are made right again. */

const BLOCK = 512;

/**
 * A header block.
 *
 * @param {string} name
 * @param {number} size In bytes, of what follows.
 * @param {string} [type]
 */
export function header(name, size, type = '0') {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write(`0000644\0`, 100, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  return withChecksum(block);
}

/** A member with its bytes. @param {string} name @param {string | Uint8Array} content @param {string} [type] */
export function member(name, content, type) {
  const bytes = Buffer.from(content);
  return Buffer.concat([header(name, bytes.length, type), bytes, Buffer.alloc(-bytes.length & (BLOCK - 1))]);
}

/** Members and the closing blocks. @param {readonly Buffer[]} members */
export const tar = (...members) => Buffer.concat([...members, Buffer.alloc(2 * BLOCK)]);

/**
 * Writes the checksum of each header that a walk by the sizes in them would come to, and of those within a member that
 * begins as a tar does.
 *
 * @param {Buffer} bytes
 */
export function mendChecksums(bytes) {
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const block = bytes.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) break;
    withChecksum(block);
    const size = Number.parseInt(block.toString('latin1', 124, 136), 8) || 0;
    const inner = bytes.subarray(at + BLOCK, Math.min(bytes.length, at + BLOCK + size));
    if (inner.toString('latin1', 257, 262) === 'ustar') mendChecksums(inner);
    at += BLOCK + Math.ceil(Math.max(0, size) / BLOCK) * BLOCK;
  }
  return bytes;
}

/** @param {Buffer} block Is changed. */
function withChecksum(block) {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
  return block;
}
