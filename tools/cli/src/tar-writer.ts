const BLOCK_BYTES = 512;

/** One file of a tar. */
export interface TarEntry {
  /** Up to 100 bytes of ASCII. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A whole tar (ustar) with its closing blocks: the same entries give the same bytes, for no time or owner is kept. */
export function encodeTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(encodeEntry), Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** A file's header, its bytes, and zeros up to the next block. */
export function encodeEntry({ name, bytes }: TarEntry): Uint8Array[] {
  return [encodeHeader(name, bytes.length), bytes, Buffer.alloc(-bytes.length & (BLOCK_BYTES - 1))];
}

function encodeHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, 100, 'latin1');
  block.write('0000644\x000000000\x000000000\0', 100, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\x0000000000000\0`, 124, 'latin1');
  block.write('        0', 148, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
