import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  BusOptions,
  InProcessBus,
  Jobs,
  consumeJobs,
  defineWork,
  jobRequest,
  submitJob,
  type JobRecord,
} from './index.js';

const Double = defineWork('test.v1.double', jobRequest(z.number()), z.number());

describe('submitJob and consumeJobs over time', () => {
  let bus: InProcessBus;

  beforeEach(() => {
    vi.useFakeTimers();
    bus = new InProcessBus();
  });

  afterEach(async () => {
    vi.useRealTimers();
    await bus.close();
  });

  it('tells a job again about every ten seconds while nobody has taken it', async () => {
    const told: JobRecord[] = [];
    const result = submitJob(bus, Double, 4, { job: 'job', onRecord: (record) => told.push(record) });
    await vi.advanceTimersByTimeAsync(35_000);
    expect(told.map(({ state }) => state)).toEqual(['queued', 'queued', 'queued', 'queued']);
    expect(Date.now() - told[3]!.updatedAt).toBeGreaterThan(10_000);
    await consumeJobs(bus, Double, async (n) => 2 * n);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await result).toBe(8);
  });

  it('gives signs of life while a job is silent, so that it is neither submitted nor done twice', async () => {
    let runs = 0;
    const work = async (n: number) => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 600_000));
      return 2 * n;
    };
    const [first, second] = [await consumeJobs(bus, Double, work), await consumeJobs(bus, Double, work)];
    const result = submitJob(bus, Double, 4, { job: 'job' });
    await vi.advanceTimersByTimeAsync(300_000);
    await bus.submit(Double, { job: 'job', request: 4 });
    await vi.advanceTimersByTimeAsync(400_000);
    expect(await result).toBe(8);
    expect(runs).toBe(1);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('submits a job again whose worker went silent without giving it back', async () => {
    const jobs = await bus.state(Jobs);
    const result = submitJob(bus, Double, 4, { job: 'job' });
    await jobs.put('job', { job: 'job', work: Double.subject, state: 'running', attempt: 1, updatedAt: Date.now() });
    let runs = 0;
    // The first delivery is taken by one that keeps nothing, as a bus that lost its queue.
    const lost = await bus.work(Double, async () => {});
    await vi.advanceTimersByTimeAsync(1_000);
    await lost.stop();
    await jobs.put('job', { job: 'job', work: Double.subject, state: 'running', attempt: 1, updatedAt: Date.now() });
    await consumeJobs(bus, Double, async (n) => {
      runs += 1;
      return 2 * n;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await result).toBe(8);
    expect(runs).toBe(1);
  });
});

describe('submitJob for many jobs at a time', () => {
  it('watches the table once for all of them, and no longer than it must', async () => {
    const bus = new InProcessBus();
    const state = bus.state.bind(bus);
    const watches = { opened: 0, open: 0 };
    vi.spyOn(bus, 'state').mockImplementation(async (definition) => {
      const table = await state(definition);
      const watch = table.watch.bind(table);
      table.watch = async (...args) => {
        const watching = await watch(...args);
        watches.opened += 1;
        watches.open += 1;
        return { stop: () => watching.stop().then(() => void (watches.open -= 1)) };
      };
      return table;
    });
    const service = await consumeJobs(bus, Double, async (n) => 2 * n);
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const doubled = await Promise.all(numbers.map((n) => submitJob(bus, Double, n, { job: `job-${n}` })));
    expect(doubled).toEqual(numbers.map((n) => 2 * n));
    expect(watches).toEqual({ opened: 1, open: 0 });
    // One that is done is answered again.
    expect(await submitJob(bus, Double, 3, { job: 'job-3' })).toBe(6);
    await service.stop();
    await bus.close();
  });

  it('is not taken in by the end of a job from before it was submitted again', async () => {
    const bus = new InProcessBus();
    const jobs = await bus.state(Jobs);
    const other = submitJob(bus, Double, 1, { job: 'other' });
    const failed = { job: 'job', work: Double.subject, state: 'failed' as const, attempt: 1, updatedAt: Date.now() };
    await jobs.put('job', failed);
    const result = submitJob(bus, Double, 4, { job: 'job' });
    const service = await consumeJobs(bus, Double, async (n) => 2 * n);
    expect(await Promise.all([other, result])).toEqual([2, 8]);
    await service.stop();
    await bus.close();
  });
});

describe('BusOptions', () => {
  it('takes addresses of NATS and nothing that it does not know', () => {
    expect(BusOptions.parse({ kind: 'nats', url: 'nats://127.0.0.1:4222' })).toMatchObject({ kind: 'nats' });
    expect(BusOptions.parse({ kind: 'nats', url: 'tls://nats.example:4222', ackWaitMs: 2_000 })).toBeDefined();
    for (const wrong of [
      { kind: 'nats', url: 'http://127.0.0.1:4222' },
      { kind: 'nats', url: 'nats://h:1', password: 'x' },
      { kind: 'other' },
    ]) {
      expect(BusOptions.safeParse(wrong).success).toBe(false);
    }
  });
});
