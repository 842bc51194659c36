/**
 * The small part of the protocol-buffer wire format that tf.train.Example needs: varints, length-delimited fields and
 * four-byte floats. Writing is done in two passes, sizes first, so that a picture is copied once.
 */

/** How a field's value is laid out. */
export const WireType = { varint: 0, eightBytes: 1, lengthDelimited: 2, fourBytes: 5 } as const;

/** Bytes that a varint takes; `value` is an integer within ±2^53, negative ones take ten as int64 does. */
export function varintSize(value: number): number {
  if (value < 0) return 10;
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Bytes of a length-delimited field with a one-byte tag, tag included. */
export function delimitedSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Writes fields one after the other into bytes whose number was worked out before. */
export class WireWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** As {@link varintSize} counts it. */
  varint(value: number): void {
    if (value < 0) return this.#negativeVarint(value);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.bytes[this.#at++] = (rest % 128) | 128;
    this.bytes[this.#at++] = rest;
  }

  /** Tag and length of a length-delimited field; `field` is 1 to 15. */
  delimited(field: number, length: number): void {
    this.bytes[this.#at++] = (field << 3) | WireType.lengthDelimited;
    this.varint(length);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** UTF-8 of `size` bytes. */
  text(text: string, size: number): void {
    this.bytes.write(text, this.#at, size, 'utf8');
    this.#at += size;
  }

  /** Four bytes. */
  float(value: number): void {
    this.#at = this.bytes.writeFloatLE(value, this.#at);
  }

  #negativeVarint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 128n; rest >>= 7n) this.bytes[this.#at++] = Number(rest & 127n) | 128;
    this.bytes[this.#at++] = Number(rest);
  }
}

/** Thrown by {@link WireReader} when bytes are not in the wire format; callers say which message it was. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Reads fields of one message; a nested message is read by another reader over its bytes. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** True at the end of the message. */
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** What comes next. */
  tag(): { readonly field: number; readonly type: number } {
    const tag = this.#varint();
    return { field: Number(tag >> 3n), type: Number(tag & 7n) };
  }

  /** A signed 64-bit integer. */
  int64(): bigint {
    return BigInt.asIntN(64, this.#varint());
  }

  /** Four bytes. */
  float(): number {
    return this.#take(4).readFloatLE();
  }

  /** The bytes of a length-delimited field: a view, not a copy. */
  delimited(): Buffer {
    return this.#take(Number(this.#varint()));
  }

  /** Passes over a field that is of no interest. */
  skip(type: number): void {
    if (type === WireType.varint) this.#varint();
    else if (type === WireType.eightBytes) this.#take(8);
    else if (type === WireType.lengthDelimited) this.delimited();
    else if (type === WireType.fourBytes) this.#take(4);
    else throw new WireError(`wire type ${type}`);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new WireError('a number is cut short');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new WireError('a number of more than ten bytes');
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    if (taken.length < length) throw new WireError('a field runs past the end');
    this.#at += length;
    return taken;
  }
}
