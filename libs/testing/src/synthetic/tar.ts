/** A file in a tar archive, or something else without bytes. */
export interface TarMember {
  /** At most 100 bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Permissions; by default everybody reads it and its owner writes it. */
  readonly mode?: number;
  readonly isFolder?: true;
  readonly link?: { readonly kind: 'hard' | 'symbolic'; readonly target: string };
}

const BLOCK_BYTES = 512;

/** Writes a plain ustar archive; the same members give the same bytes. */
export function makeTar(members: readonly TarMember[]): Buffer {
  const parts = members.flatMap((member) => [header(member), member.bytes, padding(member.bytes.length)]);
  // Two empty blocks are the end.
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** Bytes from the start of an archive made of `members` to the contents of the member at `index`. */
export function offsetInTar(members: readonly TarMember[], index: number): number {
  const before = members.slice(0, index).map(({ bytes }) => BLOCK_BYTES + bytes.length + padding(bytes.length).length);
  return before.reduce((sum, size) => sum + size, BLOCK_BYTES);
}

function header({ name, bytes, mode = 0o644, isFolder, link }: TarMember): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  block.write(name, 0, 100, 'utf8');
  block.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100, 'latin1');
  block.write(`${octal(bytes.length, 11)}\0${octal(0, 11)}\0`, 124, 'latin1');
  const type = isFolder ? '5' : link ? { hard: '1', symbolic: '2' }[link.kind] : '0';
  block.write(`        ${type}`, 148, 'latin1');
  block.write(link?.target ?? '', 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}
