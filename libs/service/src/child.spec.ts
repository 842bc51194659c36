import type { CodedError } from '@bluewaters/errors';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtModule, forkChild, type ForkOptions } from './index.js';

const FIXTURE = fileURLToPath(new URL('./child.fixture.mjs', import.meta.url));

/** Starts a child and waits for its end. */
async function run(doing: string, options: ForkOptions = {}): Promise<CodedError | undefined> {
  let told: CodedError | undefined;
  const child = forkChild(FIXTURE, { ...options, args: [doing], onExit: (error) => (told = error) });
  await child.exited;
  return told;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('forkChild', () => {
  it('carries bytes as bytes, and sets what TensorFlow reads before it loads', async () => {
    const child = forkChild(FIXTURE, { args: ['answer'], env: { EXTRA: 'yes' } });
    child.process.send({ bytes: new Uint8Array([1, 2, 255]) });
    const [answer] = await once(child.process, 'message');
    await child.stop();
    expect(answer).toEqual({
      bytes: new Uint8Array([1, 2, 255]),
      env: { UV_THREADPOOL_SIZE: '16', TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '2', EXTRA: 'yes' },
    });
  });

  it('leaves little room for new objects to a child that makes few', async () => {
    const [usual, few] = await Promise.all(
      [false, true].map(async (fewObjects) => {
        const child = forkChild(FIXTURE, { args: ['keep'], fewObjects });
        const [bytes] = (await once(child.process, 'message')) as [number];
        await child.stop();
        return bytes;
      }),
    );
    expect(few).toBeLessThanOrEqual(3 << 20);
    expect(usual).toBeGreaterThan(few!);
  });

  it('tells a death by its exit code and the last lines that the child wrote', async () => {
    const lines: string[] = [];
    const error = await run('fail', { onLine: (line) => lines.push(line) });
    expect(error).toMatchObject({ code: 'PROCESS_DIED', message: expect.stringMatching(/exit code 3.*line two$/su) });
    expect(lines).toEqual(['line one', 'line two']);
  });

  it('tells a module that does not exist as a death', async () => {
    let told: CodedError | undefined;
    await forkChild(`${FIXTURE}.missing`, { onExit: (error) => (told = error) }).exited;
    expect(told).toMatchObject({ code: 'PROCESS_DIED', message: expect.stringContaining('Cannot find module') });
  });

  it('tells no error for a child that finished, nor for one that was stopped and did not listen', async () => {
    expect(await run('finish')).toBeUndefined();
    let told: unknown = 'nothing';
    const child = forkChild(FIXTURE, { args: ['deaf'], onExit: (error) => (told = error) });
    await once(child.process, 'message');
    await child.stop(50);
    expect(told).toBeUndefined();
    expect(isAlive(child.process.pid!)).toBe(false);
  });

  it('leaves no child behind when the parent is killed', async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL('./parent.fixture.mjs', import.meta.url))]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});

describe('builtModule', () => {
  it.each([
    ['file:///home/src/bw/libs/x/src/a/engine.main.js', '/home/src/bw/libs/x/dist/a/engine.main.js'],
    ['file:///home/src/bw/libs/x/src/engine.ts', '/home/src/bw/libs/x/dist/engine.js'],
    ['file:///home/src/bw/libs/x/dist/engine.main.js', '/home/src/bw/libs/x/dist/engine.main.js'],
  ])('finds what was built of %s', (url, path) => {
    expect(builtModule(new URL(url))).toBe(path);
  });
});
