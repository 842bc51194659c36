import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileParts } from './bytes.js';
import { goVersion } from './go-version.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The version in a segment that has this at a place. */
async function versionIn(flags: number, at: number, text: string): Promise<string | undefined> {
  const bytes = Buffer.alloc(4_096);
  bytes.write('\xff Go buildinf:', at, 'latin1');
  bytes.writeUInt8(8, at + 14);
  bytes.writeUInt8(flags, at + 15);
  bytes.writeUInt8(text.length, at + 32);
  bytes.write(text, at + 33);
  const file = join(folder, 'program');
  await writeFile(file, bytes);
  const handle = await open(file);
  const segment = { type: 1, isWritable: true, offset: 0, address: 0, bytes: bytes.length };
  return goVersion(new FileParts(handle, file, bytes.length), [segment]).finally(() => handle.close());
}

describe('the Go that built a program', () => {
  it('stands in it since 1.18, on a multiple of 16 bytes', async () => {
    expect(await versionIn(2, 32, 'go1.22.4')).toBe('go1.22.4');
    expect(await versionIn(2, 40, 'go1.22.4')).toBeUndefined();
    expect(await versionIn(0, 32, '')).toBe('before 1.18');
  });

  it('is refused where it runs over the end', async () => {
    await expect(versionIn(2, 4_048, 'go1.22.4'.repeat(2))).rejects.toMatchObject({ code: 'PROGRAM_INVALID' });
  });
});
