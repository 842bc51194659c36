import { execFile } from 'node:child_process';
import { open, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hasTools } from '../compiled.fixture.js';
import { codeIn } from '../elf-code.js';
import { readSegments, withElf } from '../elf.js';
import { extensionOf } from './extensions.js';
import { Instruction } from './instruction.js';

const run = promisify(execFile);

/** As GNU's assembler encodes them. */
const OLD: readonly (readonly [bytes: string, text: string])[] = [
  ['c3', 'ret'],
  ['f3 0f 1e fa', 'endbr64'],
  ['48 8b 44 9c 10', 'mov 0x10(%rsp,%rbx,4),%rax'],
  ['48 8d 3d 34 12 00 00', 'lea 0x1234(%rip),%rdi'],
  ['48 b8 88 77 66 55 44 33 22 11', 'movabs $0x1122334455667788,%rax'],
  ['66 b8 34 12', 'mov $0x1234,%ax'],
  ['f6 07 01', 'testb $1,(%rdi)'],
  ['f7 47 08 00 00 01 00', 'testl $0x10000,8(%rdi)'],
  ['66 f7 47 08 00 10', 'testw $0x1000,8(%rdi)'],
  ['f7 17', 'notl (%rdi)'],
  ['48 69 fe 44 33 22 11', 'imul $0x11223344,%rsi,%rdi'],
  ['64 66 81 3c 25 28 00 00 00 11 11', 'cmpw $0x1111,%fs:0x28'],
  ['e8 fb 00 00 00', 'call'],
  ['0f 85 fa 0f 00 00', 'jne'],
  ['66 66 2e 0f 1f 84 00 00 00 00 00', 'data16 cs nopw 0(%rax,%rax,1)'],
  ['f0 48 0f c7 0f', 'lock cmpxchg16b (%rdi)'],
  ['66 0f 70 c8 0e', 'pshufd $0xe,%xmm0,%xmm1'],
  ['66 0f 3a 0f c8 08', 'palignr $8,%xmm0,%xmm1'],
  ['66 f2 0f 38 f1 d8', 'crc32 %ax,%ebx'],
  ['f3 0f bc c0', 'tzcnt %eax,%eax'],
  ['0f a2', 'cpuid'],
  ['66 0f 78 c1 03 02', 'extrq $2,$3,%xmm1'],
  ['8f 00', 'pop (%rax)'],
];

const NEW: readonly (readonly [bytes: string, extension: string, text: string])[] = [
  ['c5 fc 28 c8', 'AVX', 'vmovaps %ymm0,%ymm1'],
  ['c5 fe 6f 0f', 'AVX', 'vmovdqu (%rdi),%ymm1'],
  ['c5 f1 ef d0', 'AVX', 'vpxor %xmm0,%xmm1,%xmm2'],
  ['c4 e2 7d 18 07', 'AVX', 'vbroadcastss (%rdi),%ymm0'],
  ['c4 e3 7d 19 c1 01', 'AVX', 'vextractf128 $1,%ymm0,%xmm1'],
  ['c5 f8 77', 'AVX', 'vzeroupper'],
  ['c4 41 35 ef d0', 'AVX2', 'vpxor %ymm8,%ymm9,%ymm10'],
  ['c5 fd 70 c8 01', 'AVX2', 'vpshufd $1,%ymm0,%ymm1'],
  ['c4 e2 7d 18 c0', 'AVX2', 'vbroadcastss %xmm0,%ymm0'],
  ['c4 e2 79 58 c8', 'AVX2', 'vpbroadcastd %xmm0,%xmm1'],
  ['c4 e3 fd 00 c8 4e', 'AVX2', 'vpermq $0x4e,%ymm0,%ymm1'],
  ['c4 e3 7d 39 c1 01', 'AVX2', 'vextracti128 $1,%ymm0,%xmm1'],
  ['c4 e2 7d 90 14 8f', 'AVX2', 'vpgatherdd %ymm0,(%rdi,%ymm1,4),%ymm2'],
  ['c4 e2 71 b9 d0', 'FMA', 'vfmadd231ss %xmm0,%xmm1,%xmm2'],
  ['c4 e2 7d 13 c8', 'F16C', 'vcvtph2ps %xmm0,%ymm1'],
  ['c4 e3 7d 1d c1 00', 'F16C', 'vcvtps2ph $0,%ymm0,%xmm1'],
  ['c4 e2 60 f2 c8', 'BMI1', 'andn %eax,%ebx,%ecx'],
  ['c4 e2 60 f3 c8', 'BMI1', 'blsr %eax,%ebx'],
  ['c4 e2 78 f7 cb', 'BMI1', 'bextr %eax,%ebx,%ecx'],
  ['c4 e2 78 f5 cb', 'BMI2', 'bzhi %eax,%ebx,%ecx'],
  ['c4 e2 79 f7 cb', 'BMI2', 'shlx %eax,%ebx,%ecx'],
  ['c4 e3 7b f0 d8 03', 'BMI2', 'rorx $3,%eax,%ebx'],
  ['0f 38 f0 07', 'MOVBE', 'movbe (%rdi),%eax'],
  ['c4 e3 e9 6a d8 10', 'FMA4', 'vfmaddss %xmm0,%xmm1,%xmm2,%xmm3'],
  ['8f e8 68 a2 d9 00', 'XOP', 'vpcmov %xmm0,%xmm1,%xmm2,%xmm3'],
  ['8f e8 78 c2 c8 03', 'XOP', 'vprotd $3,%xmm0,%xmm1'],
  ['62 f1 75 48 fe 57 01', 'AVX-512', 'vpaddd 0x40(%rdi),%zmm1,%zmm2'],
  ['62 f3 75 08 25 d0 ff', 'AVX-512', 'vpternlogd $0xff,%xmm0,%xmm1,%xmm2'],
  ['62 f1 7d 48 78 c8', 'AVX-512', 'vcvttps2uqq %ymm0,%zmm1'],
  ['c5 f8 92 c8', 'AVX-512', 'kmovw %eax,%k1'],
  ['c4 e3 f9 32 d1 01', 'AVX-512', 'kshiftlw $1,%k1,%k2'],
];

const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Length and extension. */
function read(bytes: Buffer, at = 0): [number, string | undefined] {
  const instruction = new Instruction();
  const length = instruction.read(bytes, at);
  return [length, length === 0 ? undefined : extensionOf(instruction)];
}

describe('an instruction', { timeout: 120_000 }, () => {
  it.each(OLD)('has the length of %s, and is of no extension: %s', (bytes) => {
    expect(read(Buffer.concat([bytesOf(bytes), Buffer.alloc(15, 0x90)]))).toEqual([bytesOf(bytes).length, undefined]);
  });

  it.each(NEW)('has the length of %s, and is of %s: %s', (bytes, extension) => {
    expect(read(Buffer.concat([bytesOf(bytes), Buffer.alloc(15, 0x90)]))).toEqual([bytesOf(bytes).length, extension]);
  });

  it.each(['06', '0f 0a', '66 c5 f8 77', '48 c5 f8 77', 'c4 e4 00 00 c0', '62 f9 75 48 fe c0', '66 '.repeat(15)])(
    'is none: %s',
    (bytes) => {
      expect(read(bytesOf(bytes))).toEqual([0, undefined]);
    },
  );

  it('is told from zeros and from what only a kernel executes', () => {
    const instruction = new Instruction();
    const isOdd = ['00 00', 'e4 10', '0f 22 c0', 'cb'].map((bytes) => {
      instruction.read(bytesOf(bytes), 0);
      return instruction.isOdd;
    });
    expect(isOdd).toEqual([true, true, true, true]);
    instruction.read(bytesOf('00 c0'), 0);
    expect(instruction.isOdd).toBe(false);
  });

  it('of any bytes has at most 15, also where they end within it', () => {
    let state = 1;
    const noise = Buffer.from(Array.from({ length: 50_000 }, () => (state = (state * 48_271) % 0x7fffffff) & 0xff));
    for (let at = 0; at < noise.length; at += 1) expect(read(noise, at)[0]).toBeLessThanOrEqual(15);
  });

  it.skipIf(!hasTools('cc', 'objdump') || process.arch !== 'x64')(
    'begins where objdump says that one does, in the C library [needs binutils on x64]',
    async () => {
      const path = await realpath((await run('cc', ['-print-file-name=libc.so.6'])).stdout.trim());
      const { stdout } = await run('objdump', ['-d', '-w', '--no-show-raw-insn', path], { maxBuffer: 1 << 28 });
      const listed = [...stdout.matchAll(/^ +([0-9a-f]+):\t(\S+)/gmu)];
      const theirs = new Map(listed.map(([, address = '', name = '']) => [parseInt(address, 16), name]));
      const ours = await instructionsOf(path);
      const missing = [...ours].filter(([address, length]) => length > 0 && !theirs.has(address));
      expect(theirs.size).toBeGreaterThan(100_000);
      // Of a run of zeros, and of what waits for the old coprocessor, objdump makes one line.
      expect(missing.length).toBeLessThan(theirs.size / 1_000);
      expect([...theirs].filter(([address, name]) => name !== '(bad)' && !ours.has(address)).length).toBeLessThan(10);
    },
  );
});

/** Lengths by address. */
async function instructionsOf(path: string): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  const ranges = await withElf(path, path, async (file, header) =>
    codeIn(file, header, await readSegments(file, header)),
  );
  const handle = await open(path);
  for (const { offset, address, bytes } of ranges ?? []) {
    const { buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, offset);
    const instruction = new Instruction();
    for (let at = 0; at < bytes; ) {
      const length = instruction.read(buffer, at);
      found.set(address + at, length);
      at += length || 1;
    }
  }
  await handle.close();
  return found;
}
