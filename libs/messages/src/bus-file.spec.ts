import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { openBus, readBusFile, writeBusFile } from './index.js';

const FILE = { format: 'bluewaters.bus.v1', url: 'nats://nid00012:4222', user: 'u', password: 'p' } as const;

describe('the file of a bus', () => {
  it('says what was written, to its owner alone', async () => {
    const folder = await temporaryDirectory();
    const path = join(folder, 'bus.json');
    await writeBusFile(path, FILE);
    await writeBusFile(path, { ...FILE, user: 'other' });
    expect(readBusFile(path)).toEqual({ ...FILE, user: 'other' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['bus.json']);
  });

  it('may come later where there is none, and is refused by name where it is another', async () => {
    const path = join(await temporaryDirectory(), 'bus.json');
    const opening = (): Promise<unknown> => openBus({ kind: 'file', path });
    await expect(opening()).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      retryable: true,
      details: { file: path },
    });
    for (const text of ['', '{', JSON.stringify({ ...FILE, url: 'http://x' }), JSON.stringify({ ...FILE, more: 1 })]) {
      await writeFile(path, text);
      await expect(opening()).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { file: path } });
    }
  });
});
