import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { digestPrograms } from './code-version.js';

/** A folder of a package that was built. */
async function built(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryDirectory();
  await mkdir(join(folder, 'deep'));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

describe('the digest of programs', () => {
  const files = { 'index.js': 'start();', 'deep/step.js': 'let a = 1;' };

  it('is the same wherever they lie, whatever a debugger reads beside them', async () => {
    const copies = [await built(files), await built({ ...files, 'index.js.map': '{}', 'index.d.ts': 'start' })];
    const [first, second] = await Promise.all(copies.map((folder) => digestPrograms([folder])));
    expect(first).toMatch(/^[0-9a-f]{64}$/u);
    expect(second).toBe(first);
  });

  it('is another one when any of them differs, or is missing', async () => {
    const others = [
      { ...files, 'deep/step.js': 'let a = 2;' },
      { ...files, 'deep/more.js': '1' },
      { 'index.js': 'start();' },
    ];
    const folders = await Promise.all([files, ...others].map(built));
    const digests = await Promise.all(folders.map((folder) => digestPrograms([folder])));
    expect(new Set(digests).size).toBe(4);
  });
});
