import { describe, expect, it } from 'vitest';
import { CodeScan, LEAST_STRETCH } from './code-scan.js';
import type { Extension } from './extensions.js';

const NOP = Buffer.from([0x90]);
const MOVE = Buffer.from('488b449c10', 'hex');
/** vpxor %ymm0,%ymm1,%ymm2 */
const AVX2 = Buffer.from('c5f5efd0', 'hex');
const CPUID = Buffer.from('0fa2', 'hex');
const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));
/** Bytes in no order, always the same: what a table between functions may be like. */
const noise = (count: number): Buffer => {
  let state = 7;
  return Buffer.from(Array.from({ length: count }, () => (state = (state * 48_271) % 0x7fffffff) >> 8));
};

function scan(code: Buffer, partBytes = code.length, lacks: readonly Extension[] = ['AVX2']): CodeScan {
  const made = new CodeScan(new Set(lacks));
  for (let at = 0; at < code.length; ) {
    const part = code.subarray(at, at + partBytes);
    at += made.read(part, 0x1000 + at, at + part.length === code.length);
  }
  return made;
}

describe('a look through code', () => {
  const code = Buffer.concat([times(100, MOVE), AVX2, times(200, MOVE), CPUID]);

  it('finds the first instruction that is lacking, at its address, and only one that is', () => {
    expect(scan(code).first).toEqual({ extension: 'AVX2', address: 0x1000 + 500 });
    expect(scan(code, code.length, ['FMA', 'AVX-512']).first).toBeUndefined();
    expect(scan(times(100, MOVE)).first).toBeUndefined();
  });

  it('finds a question to the processor', () => {
    expect(scan(code).asks).toBe(true);
    expect(scan(code.subarray(0, -2)).asks).toBe(false);
    const xgetbv = Buffer.from('0f01d0', 'hex');
    expect(scan(Buffer.concat([MOVE, xgetbv])).asks).toBe(true);
  });

  it.each([16, 17, 31, 64, 1_000])('finds the same in parts of %i bytes', (partBytes) => {
    const { first, asks } = scan(code, partBytes);
    expect({ first, asks }).toEqual({ first: scan(code).first, asks: true });
  });

  it('finds nothing in tables that lie between functions', () => {
    const tables = Buffer.concat([times(500, NOP), noise(1 << 20), times(500, NOP)]);
    const all: Extension[] = ['AVX', 'AVX2', 'FMA', 'F16C', 'BMI1', 'BMI2', 'MOVBE', 'FMA4', 'XOP', 'AVX-512'];
    expect(scan(tables, tables.length, all)).toMatchObject({ first: undefined, asks: false });
  });

  it('finds what is in long stretches between tables', () => {
    const stretch = Buffer.concat([times(LEAST_STRETCH, MOVE), AVX2, times(LEAST_STRETCH, MOVE)]);
    const { first } = scan(Buffer.concat([noise(5_000), Buffer.alloc(64), stretch, Buffer.alloc(64), noise(5_000)]));
    expect(first).toEqual({ extension: 'AVX2', address: 0x1000 + 5_064 + LEAST_STRETCH * MOVE.length });
  });
});
