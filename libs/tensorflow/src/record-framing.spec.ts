import { describe, expect, it } from 'vitest';
import { frameRecord, maskedCrc32c } from './record-framing.js';

describe('maskedCrc32c', () => {
  // RFC 3720, appendix B.4, gives the checksums before masking.
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ])('is the masked CRC-32C of the standard’s %s', (_what, bytes, crc) => {
    const rotated = BigInt.asUintN(32, (BigInt(crc) >> 15n) | (BigInt(crc) << 17n));
    expect(maskedCrc32c(bytes)).toBe(Number(BigInt.asUintN(32, rotated + 0xa282ead8n)));
  });
});

describe('frameRecord', () => {
  it('puts a length, its checksum, the payload and its checksum one after another', () => {
    const payload = Buffer.from('payload');
    const record = Buffer.from(frameRecord(payload));
    expect(record.length).toBe(8 + 4 + payload.length + 4);
    expect(record.readBigUInt64LE(0)).toBe(7n);
    expect(record.readUInt32LE(8)).toBe(maskedCrc32c(record.subarray(0, 8)));
    expect(record.subarray(12, 19)).toEqual(payload);
    expect(record.readUInt32LE(19)).toBe(maskedCrc32c(payload));
  });
});
