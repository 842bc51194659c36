import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EventWriter } from '@bluewaters/tensorflow';
import { freePort, temporaryDirectory, until } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from './support/cli.js';
import { PYTHON } from './support/python.js';

describe.skipIf(!PYTHON)('bluewaters tensorboard (needs BLUEWATERS_PYTHON)', { timeout: 90_000 }, () => {
  it("shows every run of the store in TensorBoard's own server, and ends it with Ctrl-C", async () => {
    const store = await temporaryDirectory();
    for (const run of ['first', 'second']) {
      const writer = new EventWriter(join(store, 'runs', run, 'checkpoint_dir/train'));
      writer.scalar('loss', 1, 0.5);
      await writer.close();
    }
    const port = await freePort();
    const showing = startCli(['tensorboard', '--store', store, '--port', String(port), '--json'], {
      env: { BLUEWATERS_PYTHON: PYTHON },
    });
    const runs = async (): Promise<unknown> => {
      const answer = await fetch(`http://127.0.0.1:${port}/data/runs`).catch(() => undefined);
      return answer?.ok ? await answer.json() : undefined;
    };
    const expected = JSON.stringify(['first/checkpoint_dir/train', 'second/checkpoint_dir/train']);
    await until('TensorBoard knows the runs', async () => JSON.stringify(await runs()) === expected, 80_000);
    showing.process.kill('SIGINT');
    const ended = await showing.ended;
    expect(ended.json()).toEqual({ address: `http://127.0.0.1:${port}/` });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it('says how to get TensorBoard where there is none', async () => {
    const store = await temporaryDirectory();
    await mkdir(join(store, 'runs'), { recursive: true });
    const env = { PATH: '', BLUEWATERS_PYTHON: '/nonexistent/python' };
    const { code, stderr } = await runCli(['tensorboard', '--store', store], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/TOOL_MISSING.*pip install tensorboard/su);
  });
});
