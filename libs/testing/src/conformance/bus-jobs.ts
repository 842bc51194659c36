import { CodedError } from '@bluewaters/errors';
import { Jobs, consumeJobs, defineWork, jobRequest, submitJob, type JobRecord } from '@bluewaters/messages';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../until.js';
import type { BusContext } from './describe-message-bus.js';

/** What is promised of long work on top of any bus. */
export function jobTests(given: () => BusContext): void {
  const double = () =>
    defineWork(`${given().word}.v1.double`, jobRequest(z.strictObject({ n: z.number() })), z.number());
  const job = () => `job-${given().word}`;
  const record = async () => (await (await given().here.state(Jobs)).get(job()))?.value;

  it('brings back the result, with progress on the way and the whole story in the record', async () => {
    const { here, there } = given();
    const seen: JobRecord[] = [];
    await consumeJobs(there, double(), async ({ n }, context) => {
      for (let done = 0; done <= 40; done += 1) {
        context.report({ phase: 'doubling', done, total: 40, unit: 'steps' });
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return 2 * n;
    });
    const onRecord = (told: JobRecord) => seen.push(told);
    expect(await submitJob(here, double(), { n: 21 }, { job: job(), onRecord })).toBe(42);
    expect(seen.at(-1)?.state).toBe('done');
    const steps = seen.flatMap(({ progress }) => (progress ? [progress.done] : []));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.length).toBeLessThan(20);
    expect(await record()).toMatchObject({
      work: double().subject,
      state: 'done',
      attempt: 1,
      result: 42,
      progress: { done: 40, total: 40 },
    });
  });

  it('throws what the service failed with', async () => {
    const { here, there } = given();
    const details = { file: 'Images.tar', offset: 512 };
    await consumeJobs(there, double(), async () => {
      throw new CodedError('ARCHIVE_TRUNCATED', 'The archive is cut short', { details });
    });
    await expect(submitJob(here, double(), { n: 1 }, { job: job() })).rejects.toMatchObject({
      code: 'ARCHIVE_TRUNCATED',
      details,
    });
    expect(await record()).toMatchObject({ state: 'failed', error: { code: 'ARCHIVE_TRUNCATED', details } });
  });

  it('tries again what may pass, and gives up after the fifth time', async () => {
    const { here, there } = given();
    const attempts: number[] = [];
    await consumeJobs(there, double(), async ({ n }, { attempt }) => {
      attempts.push(attempt);
      if (n === 0 || attempt < 3) throw new CodedError('STORE_UNAVAILABLE', 'later');
      return n;
    });
    expect(await submitJob(here, double(), { n: 5 }, { job: job() })).toBe(5);
    expect(attempts).toEqual([1, 2, 3]);
    await expect(submitJob(here, double(), { n: 0 }, { job: `${job()}-2` })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(attempts).toEqual([1, 2, 3, 1, 2, 3, 4, 5]);
  });

  it('fails a job whose result does not match the schema', async () => {
    const { here, there } = given();
    await consumeJobs(there, double(), async () => 'no' as never);
    await expect(submitJob(here, double(), { n: 1 }, { job: job() })).rejects.toMatchObject({
      code: 'MESSAGE_INVALID',
    });
  });

  it('goes on with another worker when one is stopped, as often as that happens', async () => {
    const { here, there } = given();
    const result = submitJob(here, double(), { n: 4 }, { job: job() });
    for (let stop = 1; stop <= 6; stop += 1) {
      let begun = false;
      const worker = await consumeJobs(there, double(), async (_, { signal }) => {
        begun = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new CodedError('INTERRUPTED', 'stopped');
      });
      await until('the start', () => begun);
      await worker.stop();
    }
    await consumeJobs(there, double(), async ({ n }, { attempt }) => n * 10 + attempt);
    expect(await result).toBe(47);
  });

  it('does a job once that is delivered twice', async () => {
    const { here, there } = given();
    let runs = 0;
    const request = { job: job(), request: { n: 1 } };
    const order: string[] = [];
    await consumeJobs(there, double(), async ({ n }, context) => {
      order.push(context.job);
      if (context.job === job()) runs += 1;
      return n;
    });
    expect(await submitJob(here, double(), { n: 1 }, { job: job() })).toBe(1);
    await here.submit(double(), request);
    // The queue is in order, so when the next job is done the repeat was taken too.
    await submitJob(here, double(), { n: 1 }, { job: `${job()}-next` });
    expect(runs).toBe(1);
  });

  it('joins a job that is under way, and answers at once for one that is done', async () => {
    const { here, there } = given();
    let runs = 0;
    let finish = () => {};
    await consumeJobs(there, double(), async ({ n }) => {
      runs += 1;
      await new Promise<void>((resolve) => (finish = resolve));
      return n;
    });
    const first = submitJob(here, double(), { n: 3 }, { job: job() });
    await until('the start', async () => runs === 1 && (await record())?.state === 'running');
    const second = submitJob(there, double(), { n: 3 }, { job: job() });
    await new Promise((resolve) => setTimeout(resolve, 100));
    finish();
    expect(await Promise.all([first, second])).toEqual([3, 3]);
    expect(await submitJob(here, double(), { n: 3 }, { job: job() })).toBe(3);
    expect(runs).toBe(1);
  });

  it('tries a failed job again when it is submitted again', async () => {
    const { here, there } = given();
    let isBroken = true;
    await consumeJobs(there, double(), async ({ n }) => {
      if (isBroken) throw new CodedError('ARCHIVE_EMPTY', 'empty');
      return n;
    });
    await expect(submitJob(here, double(), { n: 3 }, { job: job() })).rejects.toMatchObject({ code: 'ARCHIVE_EMPTY' });
    isBroken = false;
    expect(await submitJob(here, double(), { n: 3 }, { job: job() })).toBe(3);
  });

  it('submits again when the bus has lost the job', async () => {
    const { here, there } = given();
    const jobs = await here.state(Jobs);
    await consumeJobs(there, double(), async (_, { signal }) => {
      await jobs.delete(job());
      // As after a loss of all state, this delivery leads to nothing.
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new CodedError('INTERRUPTED', 'stopped');
    });
    const result = submitJob(here, double(), { n: 3 }, { job: job(), resubmitAfterMs: 200 });
    await until('the loss', async () => (await record())?.state === 'queued' && (await record())?.attempt === 0);
    await consumeJobs(here, double(), async ({ n }) => n);
    expect(await result).toBe(3);
  });

  it('stops waiting on a signal, and leaves the job alone', async () => {
    const { here, there } = given();
    const stopping = new AbortController();
    const waiting = submitJob(here, double(), { n: 3 }, { job: job(), signal: stopping.signal });
    await until('the record', async () => (await record())?.state === 'queued');
    stopping.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await consumeJobs(there, double(), async ({ n }) => n);
    await until('the job', async () => (await record())?.state === 'done');
  });
}
