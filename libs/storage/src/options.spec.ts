import { expect, it } from 'vitest';
import { folderOfCopies } from './options.js';

it('copies of two remote stores lie apart, though runs in them have the same name', () => {
  const at = (port: number, bucket: string): string =>
    folderOfCopies('/cache/work', { kind: 'minio', url: `http://127.0.0.1:${port}`, bucket });
  const folders = [at(9000, 'one'), at(9000, 'two'), at(9001, 'one')];
  expect(new Set(folders).size).toBe(3);
  for (const folder of folders) expect(folder).toMatch(/^\/cache\/work\/[\w.-]+$/u);
});

it('a store that is a folder has its copies where it was told', () => {
  expect(folderOfCopies('/cache/work', { kind: 'directory', path: '/store' })).toBe('/cache/work');
});
