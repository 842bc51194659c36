import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { expect, it } from 'vitest';
import { workersFor } from './ingest-workers.js';

/** Takes no room: nothing is written into it. */
async function writeHollow(path: string, megabytes: number): Promise<string> {
  await writeFile(path, '');
  await truncate(path, megabytes * 1024 * 1024);
  return path;
}

it('an archive whose pixels are read gets a worker for each core where it is large, one file or many, and else none', async () => {
  const folder = await temporaryDirectory();
  const several = availableParallelism() > 1 ? availableParallelism() : 0;
  expect(await workersFor(await writeHollow(join(folder, 'large.tar'), 300), 'full')).toBe(several);
  expect(await workersFor(await writeHollow(join(folder, 'small.tar'), 200), 'full')).toBe(0);
  await mkdir(join(folder, 'tars/deeper'), { recursive: true });
  await writeHollow(join(folder, 'tars/n00000001.tar'), 150);
  expect(await workersFor(join(folder, 'tars'), 'full')).toBe(0);
  await writeHollow(join(folder, 'tars/deeper/n00000002.tar'), 150);
  expect(await workersFor(join(folder, 'tars'), 'full')).toBe(several);
});

it('an archive of which headers are read has to be much larger for that', async () => {
  const folder = await temporaryDirectory();
  const several = availableParallelism() > 1 ? availableParallelism() : 0;
  expect(await workersFor(await writeHollow(join(folder, 'Images.tar'), 3000), 'header')).toBe(0);
  expect(await workersFor(await writeHollow(join(folder, 'Images.tar'), 5000), 'header')).toBe(several);
});

it('an archive that this machine does not have is left to one process, which says what is wrong with it', async () => {
  expect(await workersFor(undefined, 'full')).toBe(0);
  expect(await workersFor('store:archives/d/Images.tar', 'full')).toBe(0);
  expect(await workersFor(join(await temporaryDirectory(), 'none.tar'), 'full')).toBe(0);
});
