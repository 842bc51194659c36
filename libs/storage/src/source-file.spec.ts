import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore, MemoryStore, openSource, readTextSource, type SourceName } from './index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-source-'));
  await writeFile(join(folder, 'file'), 'abcdef');
});
afterEach(() => rm(folder, { recursive: true }));

async function stored<T extends MemoryStore | DirectoryStore>(store: T): Promise<T> {
  await store.put('a/file', 'abcdef');
  return store;
}

describe('sources', () => {
  it.each([
    ['a path', () => stored(new MemoryStore()), (): SourceName => ({ path: join(folder, 'file') })],
    ['an object in memory', () => stored(new MemoryStore()), (): SourceName => ({ key: 'a/file' })],
    ['an object in a directory', () => stored(new DirectoryStore(join(folder, 'store'))), () => ({ key: 'a/file' })],
  ])('reads %s at any place and refuses ranges past the end', async (_, makeStore, name) => {
    await using file = await openSource(await makeStore(), name());
    expect(file.size).toBe(6);
    const parts = await Promise.all(
      [
        [2, 3],
        [0, 6],
        [6, 0],
        [0, 1],
      ].map(([offset, length]) => file.read({ offset: offset!, length: length! })),
    );
    expect(parts.map((part) => Buffer.from(part).toString())).toEqual(['cde', 'abcdef', '', 'a']);
    await expect(file.read({ offset: 4, length: 3 })).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  it.each([() => ({ path: join(folder, 'none') }), () => ({ path: folder }), () => ({ key: 'none' })])(
    'refuses what is not there or no file, by name',
    async (name) => {
      const store = new MemoryStore();
      const source = name();
      await expect(openSource(store, source)).rejects.toMatchObject({
        code: 'FILE_NOT_FOUND',
        details: { file: Object.values(source)[0] },
      });
    },
  );

  it('ends with an error when a file is cut short while it is open', async () => {
    await using file = await openSource(new MemoryStore(), { path: join(folder, 'file') });
    await truncate(join(folder, 'file'), 2);
    await expect(file.read({ offset: 0, length: 6 })).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  it('reads a text, unless it is larger than a list can be', async () => {
    const store = await stored(new MemoryStore());
    expect(await readTextSource(store, { key: 'a/file' }, 6)).toBe('abcdef');
    await expect(readTextSource(store, { key: 'a/file' }, 5)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
