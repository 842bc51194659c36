import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { givingMemoryBack } from './index.js';
import { copyMemory, native } from './native.js';

const BLOCK = 32 << 10;
const BLOCKS = 2_000;

const isGlibc = 'glibcVersionRuntime' in ((process.report.getReport() as { header: object }).header ?? {});

function residentMiB(): number {
  return (Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096) / 2 ** 20;
}

/** Takes memory and frees all but each fiftieth block, so that the rest is free between what is not. */
function leaveHoles(): (() => void)[] {
  const { malloc, free } = native();
  const bytes = new Uint8Array(BLOCK).fill(1);
  const blocks = Array.from({ length: BLOCKS }, () => malloc(BLOCK)!);
  for (const block of blocks) copyMemory(block, bytes, BLOCK);
  return blocks.flatMap((block, index) => {
    if (index % 50 === 0) return () => free(block);
    free(block);
    return [];
  });
}

describe('giving memory back', () => {
  it.skipIf(!isGlibc)('leaves nothing behind of what was freed meanwhile [needs glibc]', async () => {
    let kept: (() => void)[] = [];
    const given = await givingMemoryBack(async () => {
      kept = leaveHoles();
      const before = residentMiB();
      await sleep(300);
      return before - residentMiB();
    });
    expect(given).toBeGreaterThan(40);
    for (const free of kept) free();
  });

  it('gives what the work gives, and its error', async () => {
    expect(await givingMemoryBack(() => Promise.resolve(3))).toBe(3);
    await expect(givingMemoryBack(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
