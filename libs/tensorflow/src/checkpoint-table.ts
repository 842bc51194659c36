/** The index of a checkpoint: a sorted table of keys and values, in LevelDB's file format. */
import { CodedError } from '@bluewaters/errors';
import { maskedCrc32c } from './record-framing.js';

/** A part of the file, in bytes, without the trailer. */
interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** Two block handles, padded, and the magic number. */
const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Of a block: how it is compressed, and the masked CRC-32C of all before. */
const TRAILER_BYTES = 5;

/**
 * All entries of a table, in the order of their keys. TensorFlow writes its indexes without compression.
 *
 * @param source `file` names the file in errors.
 * @throws {CodedError} CHECKPOINT_INVALID with the offset where the bytes are not what the format asks for.
 * @see https://github.com/google/leveldb/blob/main/doc/table_format.md
 * @see tensorflow/core/util/tensor_bundle/tensor_bundle.cc, which writes it
 */
export function readTable(bytes: Uint8Array, source: { readonly file: string }): Map<string, Uint8Array> {
  const table = new Table(bytes, source.file);
  const blocks = table.entries(table.indexBlock()).map(([, handle]) => table.handle(new Cursor(handle)));
  return new Map(blocks.flatMap((block) => table.entries(block)).map(([key, value]) => [key.toString(), value]));
}

class Table {
  readonly #bytes: Buffer;
  readonly #file: string;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  /** The block that says where all the others are; the footer names it after one for filters. */
  indexBlock(): BlockHandle {
    const start = this.#bytes.length - FOOTER_BYTES;
    if (start < 0 || this.#bytes.readBigUInt64LE(start + FOOTER_BYTES - 8) !== MAGIC) {
      throw this.#invalid('it does not end as an index does', Math.max(start, 0));
    }
    const cursor = new Cursor(this.#bytes.subarray(start));
    this.handle(cursor);
    return this.handle(cursor);
  }

  handle(cursor: Cursor): BlockHandle {
    const [offset, size] = [cursor.varint(), cursor.varint()];
    if (offset + size + TRAILER_BYTES <= this.#bytes.length) return { offset, size };
    throw this.#invalid('a block runs past the end', offset);
  }

  /** Keys share their beginnings with the key before. */
  entries(handle: BlockHandle): [key: Buffer, value: Buffer][] {
    const block = this.#block(handle);
    const cursor = new Cursor(block.subarray(0, block.length - 4 * (block.readUInt32LE(block.length - 4) + 1)));
    const found: [Buffer, Buffer][] = [];
    for (let key = Buffer.alloc(0); !cursor.done; ) {
      const [shared, unshared, length] = [cursor.varint(), cursor.varint(), cursor.varint()];
      key = Buffer.concat([key.subarray(0, shared), cursor.take(unshared)]);
      found.push([key, cursor.take(length)]);
    }
    return found;
  }

  #block({ offset, size }: BlockHandle): Buffer {
    const block = this.#bytes.subarray(offset, offset + size + 1);
    if (this.#bytes.readUInt32LE(offset + size + 1) !== maskedCrc32c(block)) {
      throw this.#invalid('a block does not match its CRC-32C', offset);
    }
    if (block[size] !== 0) throw this.#invalid('a block is compressed, which TensorFlow never does', offset);
    return block.subarray(0, size);
  }

  #invalid(reason: string, offset: number): CodedError {
    return new CodedError('CHECKPOINT_INVALID', `the index of the checkpoint is damaged: ${reason}`, {
      details: { file: this.#file, offset },
    });
  }
}

/** Reads onwards through bytes whose checksum was right. */
class Cursor {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** Seven bits a byte, the lowest first; exact up to 2^53. */
  varint(): number {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#position++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  take(length: number): Buffer {
    return this.#bytes.subarray(this.#position, (this.#position += length));
  }
}
