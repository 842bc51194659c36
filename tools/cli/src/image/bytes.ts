/** Bytes of a file that need not be what they say they are: each read is checked against the end. */
import type { FileHandle } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';

/** Some bytes of a file, little end first, as it is on x64 and aarch64. */
export class Bytes {
  readonly #buffer: Buffer;
  readonly #file: string;
  readonly #start: number;

  /** @param start Where in the file they begin. */
  constructor(buffer: Buffer, file: string, start: number) {
    this.#buffer = buffer;
    this.#file = file;
    this.#start = start;
  }

  /** How many they are. */
  get length(): number {
    return this.#buffer.length;
  }

  /** A number of one byte, at an offset from the first. @throws {CodedError} PROGRAM_INVALID beyond the end, as all do. */
  u8(offset: number): number {
    return this.#buffer.readUInt8(this.#within(offset, 1));
  }

  /** A number of two bytes. */
  u16(offset: number): number {
    return this.#buffer.readUInt16LE(this.#within(offset, 2));
  }

  /** A number of four bytes. */
  u32(offset: number): number {
    return this.#buffer.readUInt32LE(this.#within(offset, 4));
  }

  /** A number of eight bytes, which must be below 2^53: no file ends beyond. */
  u64(offset: number): number {
    const value = this.#buffer.readBigUInt64LE(this.#within(offset, 8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.invalid(offset, 'a number below 2^53', String(value));
    return Number(value);
  }

  /** Some of them, not copied. */
  slice(offset: number, length: number): Buffer {
    return this.#buffer.subarray(this.#within(offset, length), offset + length);
  }

  /** Text up to a zero byte. */
  text(offset: number): string {
    const end = this.#buffer.indexOf(0, this.#within(offset, 1));
    if (end < 0) throw this.invalid(offset, 'text that ends with a zero byte', 'none');
    return this.#buffer.toString('utf8', offset, end);
  }

  /** An error at a place of these bytes. */
  invalid(offset: number, expected: string, got: string): CodedError {
    const details = { file: this.#file, offset: this.#start + offset, expected, got };
    return new CodedError('PROGRAM_INVALID', 'A program or library is damaged', { details });
  }

  #within(offset: number, length: number): number {
    if (offset >= 0 && length >= 0 && offset + length <= this.#buffer.length) return offset;
    throw this.invalid(offset, `${length} bytes`, `${Math.max(0, this.#buffer.length - offset)} until the end`);
  }
}

/** A file that is read in parts: libraries have hundreds of megabytes, what is looked at a few kilobytes. */
export class FileParts {
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly size: number;

  /** @param file As errors are to name it. */
  constructor(handle: FileHandle, file: string, size: number) {
    this.#handle = handle;
    this.#file = file;
    this.size = size;
  }

  /** @throws {CodedError} PROGRAM_INVALID where the file ends before, or for more than {@link MOST_BYTES}. */
  async read(offset: number, length: number): Promise<Bytes> {
    if (length > MOST_BYTES || offset + length > this.size) {
      const details = { file: this.#file, offset, expected: `${length} bytes`, got: `a file of ${this.size}` };
      throw new CodedError('PROGRAM_INVALID', 'A program or library is damaged', { details });
    }
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, offset);
    return new Bytes(buffer.subarray(0, bytesRead), this.#file, offset);
  }
}

/** Of one part: no table of names or versions comes near it. */
const MOST_BYTES = 64 << 20;
