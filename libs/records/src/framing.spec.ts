import { CodedError } from '@bluewaters/errors';
import { describe, expect, it } from 'vitest';
import { frameRecord, maskedCrc32c, readRecords, readRecordStream } from './index.js';

const payloads = [0, 1, 5, 300, 70_000].map((size) =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) % 256),
);
const file = Buffer.concat(payloads.map(frameRecord));

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(bytes: Uint8Array, size: number): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const { payload } of readRecordStream(pieces(bytes, size), { file: 'x' })) found.push(payload);
  return found;
}

function errorOf(action: () => unknown): CodedError {
  try {
    action();
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('framing', () => {
  it('masks CRC-32C as TensorFlow does', () => {
    // "123456789" has CRC-32C 0xe3069283, the check value of the polynomial.
    const crc = 0xe3069283;
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) % 2 ** 32);
  });

  it('writes the bytes that TensorFlow writes for a known record', () => {
    const known = '0500000000000000eab2043e68656c6c6fbb1f1c19';
    expect(Buffer.from(frameRecord(Buffer.from('hello'))).toString('hex')).toBe(known);
  });

  it('reads back what it wrote, with offsets that tile the file', () => {
    const records = [...readRecords(file, { file: 'x' })];
    expect(records.map(({ payload }) => Buffer.from(payload))).toEqual(payloads.map((payload) => Buffer.from(payload)));
    expect(records.map(({ offset }) => offset)).toEqual(
      records.map((_, i) => records.slice(0, i).reduce((sum, { length }) => sum + length, 0)),
    );
  });

  it.each([1, 7, 12, 4096, 1 << 20])(
    'gives the same records when the file comes in pieces of %i bytes',
    async (size) => {
      expect((await collect(file, size)).map((payload) => Buffer.from(payload))).toEqual(
        payloads.map((payload) => Buffer.from(payload)),
      );
    },
  );

  it('finds any single flipped bit of a small file and names file and offset', () => {
    const small = Buffer.concat([frameRecord(Buffer.from('ab')), frameRecord(Buffer.from('cde'))]);
    for (let bit = 0; bit < small.length * 8; bit++) {
      const damaged = Buffer.from(small);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const error = errorOf(() => [...readRecords(damaged, { file: 'train-00000-of-00001' })]);
      expect(error.code).toBe('RECORD_CORRUPT');
      expect(error.details).toMatchObject({ file: 'train-00000-of-00001', offset: bit >> 3 < 18 ? 0 : 18 });
    }
  });

  it('refuses a file cut at any byte that is not between two records', async () => {
    const small = Buffer.concat([frameRecord(Buffer.from('ab')), frameRecord(Buffer.from('cde'))]);
    for (let length = 1; length < small.length; length++) {
      if (length === 18) continue;
      expect(errorOf(() => [...readRecords(small.subarray(0, length), { file: 'x' })]).code).toBe('RECORD_CORRUPT');
      await expect(collect(small.subarray(0, length), 5)).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
    }
  });
});
