import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { digestFolder } from './support/folders.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

it('ingest makes the same index by several processes as by one', { timeout: 60_000 }, async () => {
  const folder = await temporaryDirectory();
  const archive = archiveFlags(await writeArchive(join(folder, 'archive')));
  const indexes = [];
  for (const workers of ['0', '3']) {
    const store = join(folder, workers);
    const ended = await runCli([
      'ingest',
      ...archive,
      '--dataset',
      'd',
      '--store',
      store,
      '--workers',
      workers,
      '--json',
    ]);
    expect(ended.code, ended.stderr).toBe(0);
    indexes.push(await digestFolder(join(store, 'indexes')));
  }
  expect(Object.keys(indexes[0]!)).toContain('d/index.json');
  expect(indexes[1]).toEqual(indexes[0]);
});
