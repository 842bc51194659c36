import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoordinatedRuns, openBus, readBusFile, writeBusFile } from '@bluewaters/messages';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OwnNats } from './own-nats.js';

describe('a NATS server of one’s own', { timeout: 30_000 }, () => {
  let file: string;

  beforeEach(async () => {
    file = join(await temporaryDirectory(), 'bus.json');
    vi.stubEnv('BLUEWATERS_NATS_SERVER', process.env['BLUEWATERS_NATS_PROGRAM']);
  });
  afterEach(() => vi.unstubAllEnvs());

  const folders = async (): Promise<string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('bluewaters-nats-'));

  /** What anyone may read of the processes of this machine. */
  async function allArguments(): Promise<string> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
    return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))).join();
  }

  it('is reached by its file, keeps tables, takes nobody without the password, and leaves nothing', async () => {
    const before = await folders();
    {
      await using _ = await OwnNats.start(file, '127.0.0.1');
      const bus = await openBus({ kind: 'file', path: file });
      expect(await (await bus.state(CoordinatedRuns)).list()).toEqual([]);
      await bus.close();
      const { password, ...told } = readBusFile(file);
      await expect(openBus({ kind: 'nats', url: told.url })).rejects.toMatchObject({ code: 'BUS_REFUSED' });
      await writeBusFile(`${file}.wrong`, { ...told, password: 'guessed' });
      await expect(openBus({ kind: 'file', path: `${file}.wrong` })).rejects.toMatchObject({ code: 'BUS_REFUSED' });
      expect(await allArguments()).not.toContain(password);
    }
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await folders()).toEqual(before);
  });

  it.each([
    ['there is no such program', '/nowhere/nats-server', '127.0.0.1', /ENOENT/u],
    ['it cannot listen there', undefined, '203.0.113.9', /203\.0\.113\.9/u],
  ])('says how to get it, or what it said, where %s', async (_, program, host, got) => {
    if (program !== undefined) vi.stubEnv('BLUEWATERS_NATS_SERVER', program);
    await expect(OwnNats.start(file, host)).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      message: expect.stringContaining('BLUEWATERS_NATS_SERVER'),
      details: { got: expect.stringMatching(got) },
    });
  });
});
