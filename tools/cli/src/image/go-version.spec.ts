import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileParts } from './bytes.js';
import { goBuild, type GoBuild } from './go-version.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What is found in a segment that has this at a place, with settings behind the version. */
async function buildIn(flags: number, at: number, text: string, settings = ''): Promise<GoBuild | undefined> {
  const bytes = Buffer.alloc(at < 4_096 ? 4_096 : at + 4_096);
  bytes.write('\xff Go buildinf:', at, 'latin1');
  bytes.writeUInt8(8, at + 14);
  bytes.writeUInt8(flags, at + 15);
  bytes.writeUInt8(text.length, at + 32);
  bytes.write(text + settings, at + 33);
  const file = join(folder, 'program');
  await writeFile(file, bytes);
  const handle = await open(file);
  const segment = { type: 1, isWritable: true, isExecutable: false, offset: 0, address: 0, bytes: bytes.length };
  return goBuild(new FileParts(handle, file, bytes.length), [segment]).finally(() => handle.close());
}

describe('the Go that built a program', () => {
  it('stands in it since 1.18, on a multiple of 16 bytes, wherever among its data', async () => {
    for (const at of [32, 24 << 20]) {
      expect(await buildIn(2, at, 'go1.22.4')).toEqual({ version: 'go1.22.4', level: undefined });
    }
    expect(await buildIn(2, 40, 'go1.22.4')).toBeUndefined();
    expect(await buildIn(0, 32, '')).toEqual({ version: 'before 1.18', level: undefined });
  });

  it('says which level of x86-64 it was asked for', async () => {
    const settings = '\x20path\tcmd/gofmt\nbuild\tGOARCH=amd64\nbuild\tGOAMD64=v3\n';
    expect(await buildIn(2, 32, 'go1.22.4', settings)).toEqual({ version: 'go1.22.4', level: 3 });
  });

  it('is refused where it runs over the end', async () => {
    await expect(buildIn(2, 4_048, 'go1.22.4'.repeat(2))).rejects.toMatchObject({ code: 'PROGRAM_INVALID' });
  });
});
