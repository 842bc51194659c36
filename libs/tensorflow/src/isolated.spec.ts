import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runIsolated } from './index.js';

const WORK = new URL('./isolated.fixture.mjs', import.meta.url);

describe('runIsolated', () => {
  it('gives what the module returned, bytes as bytes', async () => {
    const bytes = Uint8Array.of(0, 128, 255);
    expect(await runIsolated(WORK, { doing: 'answer', bytes })).toEqual({ doing: 'answer', bytes });
  });

  it('makes a coded error of an operation by name that ends the process, with the words of TensorFlow', async () => {
    const died = runIsolated(WORK, { doing: 'encode an empty image' }, { doing: "runs 'EncodePng'" });
    await expect(died).rejects.toMatchObject({
      code: 'PROCESS_DIED',
      details: { got: 'SIGABRT' },
      message: expect.stringMatching(
        /the process that runs 'EncodePng' ended by SIGABRT[^]*png_io\.cc:\d+\]/u,
      ) as string,
    });
  });

  it('throws what the module threw, with its code', async () => {
    await expect(runIsolated(WORK, { doing: 'refuse' })).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
    const missing = new URL('./isolated-missing.mjs', import.meta.url);
    await expect(runIsolated(missing, {})).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining(fileURLToPath(missing)) as string,
    });
  });

  it('tells an exit without an answer, and one that came too late', async () => {
    await expect(runIsolated(WORK, { doing: 'leave' })).rejects.toMatchObject({
      code: 'PROCESS_DIED',
      details: { got: 'exit code 3' },
    });
    await expect(runIsolated(WORK, { doing: 'linger' }, { timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
  });
});
