import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CodedError } from '@bluewaters/errors';
import { consumeJobs, defineState, defineWork, InProcessBus, jobRequest, submitJob } from '@bluewaters/messages';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCli } from './support/cli.js';
import { LENET_TRAINING, useStoreWithDataset } from './support/dataset.js';
import { digestFolder } from './support/folders.js';

const Result = z.strictObject({ by: z.string() });
const Request = z.strictObject({ batch: z.number() });

/** Work as a version knows it that is older than `NewWork`, where requests have a field more. */
const OldWork = defineWork('probe.v1.train', jobRequest(Request), Result);
const NewWork = defineWork('probe.v1.train', jobRequest(Request.extend({ pace: z.number().optional() })), Result);
/** What takes its place where old readers would not understand it. */
const NextWork = defineWork('probe.v2.train', jobRequest(Request.extend({ rate: z.number() })), Result);

describe('a service and a command of two versions on one bus', () => {
  let bus: InProcessBus;
  let faults: CodedError[];
  beforeEach(() => {
    faults = [];
    bus = new InProcessBus((fault) => faults.push(fault));
  });
  afterEach(() => bus.close());

  const asOld = async (): Promise<{ by: string }> => ({ by: 'old' });
  const asNew = async (): Promise<{ by: string }> => ({ by: 'new' });
  /** What a job came to, once there is time for it. */
  const soon = <T>(result: Promise<T>): Promise<T | string> => Promise.race([result, sleep(300, 'waits')]);

  it('understand each other as long as a request has nothing new in it', async () => {
    await consumeJobs(bus, OldWork, asOld);
    expect(await submitJob(bus, NewWork, { batch: 8 }, { job: 'j' })).toEqual({ by: 'old' });
    expect(faults).toEqual([]);
  });

  it('end work that has a field which the service does not know, and say so', async () => {
    await consumeJobs(bus, OldWork, asOld);
    const result = submitJob(bus, NewWork, { batch: 8, pace: 1 }, { job: 'j' });
    await expect(result).rejects.toMatchObject({ code: 'MESSAGE_INVALID', message: expect.stringContaining('pace') });
  });

  it('leave work of a newer subject in its queue, until a service comes that knows it', async () => {
    await consumeJobs(bus, OldWork, asOld);
    const result = submitJob(bus, NextWork, { batch: 8, rate: 1 }, { job: 'j' });
    expect(await soon(result)).toBe('waits');
    await consumeJobs(bus, NextWork, asNew);
    expect(await result).toEqual({ by: 'new' });
    expect(faults).toEqual([]);
  });

  it('see of a table what they understand, and are told what they do not', async () => {
    const written = await bus.state(defineState('probe', z.strictObject({ step: z.number(), pace: z.number() })));
    await written.put('new', { step: 1, pace: 1 });
    const read = await bus.state(defineState('probe', z.strictObject({ step: z.number() })));
    await read.put('old', { step: 2 });
    expect((await read.list()).map(({ key }) => key)).toEqual(['old']);
    expect(faults[0]?.code).toBe('MESSAGE_INVALID');
  });
});

describe('what a newer version wrote', { timeout: 120_000 }, () => {
  const premises = useStoreWithDataset();

  beforeAll(async () => {
    expect((await runCli([...TRAIN, ...premises.store])).code).toBe(0);
  }, 60_000);

  const TRAIN = ['train', '--run', 'r', '--epochs', '1', ...LENET_TRAINING];

  it.each([
    ['datasets/d/manifest.json', ['shards', 'verify', '--dataset', 'd']],
    ['indexes/d/index.json', ['shards', 'build', '--dataset', 'd']],
    ['runs/r/checkpoint_dir/run.json', TRAIN],
    ['models/d/1/entry.json', ['models', 'ls']],
  ])('in %s is refused by name, and left as it is', async (file, verb) => {
    const path = join(premises.folder, file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/("format": ?"bluewaters\.\w+\.v)1"/u, '$199"'));
    const before = await digestFolder(premises.folder);
    const ended = await runCli([...verb, ...premises.store, '--json']);
    const message = expect.stringContaining(file) as string;
    expect(ended.json()).toMatchObject({ error: { code: 'FORMAT_UNKNOWN', message } });
    expect(ended.code).toBe(1);
    const after = await digestFolder(premises.folder);
    expect(withoutLeases(after)).toEqual(withoutLeases(before));
    await writeFile(path, text);
  });
});

/** Who looked at a run leaves word of it. */
function withoutLeases(digests: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(digests).filter(([name]) => !name.includes('/leases/')));
}
