import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runChildTask } from './index.js';

const FIXTURE = fileURLToPath(new URL('./child-task.fixture.mjs', import.meta.url));

function run(task: object, { signal = new AbortController().signal, onReport = (_: number): void => undefined } = {}) {
  return runChildTask<number, number>(FIXTURE, task, { onReport, signal });
}

describe('a task in a child process', () => {
  it('resolves to its result, after every one of its reports, in order', async () => {
    const reports: number[] = [];
    expect(await run({ doing: 'add', count: 500 }, { onReport: (report) => reports.push(report) })).toBe(501);
    expect(reports).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('fails with the coded error that it failed with', async () => {
    await expect(run({ doing: 'refuse' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'doing' },
    });
  });

  it('fails with PROCESS_DIED when it dies without a word', async () => {
    await expect(run({ doing: 'die' })).rejects.toMatchObject({ code: 'PROCESS_DIED' });
  });

  it.each([0, 300])('is INTERRUPTED and gone soon after it is asked to stop after %i ms', async (afterMs) => {
    const stopping = new AbortController();
    const running = run({ doing: 'wait' }, { signal: stopping.signal });
    setTimeout(() => stopping.abort(), afterMs);
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
