import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodedError } from '@bluewaters/errors';
import { runKeys } from '@bluewaters/records';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { CheckpointDirectory } from './checkpoints.js';
import { Mirror } from './mirror.js';
import { nameCheckpoints, removeCheckpoints } from './retention.js';
import { WatchedStore } from './watched-store.fixture.js';

const ENGINE = { tensorflow: '2.18.1', cpu: 'test', oneDnn: true, threads: 2 };
const KEEP = 2;
/** Of the epoch that no later one is better than. */
const BEST = { step: 2 };

/** A start of a run on a machine, from its last checkpoint to `lastStep`, a checkpoint each; without TensorFlow. */
async function go(store: WatchedStore, directory: string, lastStep: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const checkpoints = new CheckpointDirectory(directory, 'request');
  const mirror = new Mirror(store, runKeys.checkpoints('r'), directory);
  const run = { checkpoints, mirror };
  await checkpoints.removeUnfinished();
  await mirror.fetchMissing();
  const latest = await checkpoints.latest(() => {});
  if (latest) await nameCheckpoints(run, latest, { newest: KEEP, best: bestUpTo(latest.step) });
  for (let step = (latest?.step ?? 0) + 1; step <= lastStep; step += 1) {
    await writeFile(`${checkpoints.prefix(step)}.index`, `index of ${step}`);
    await writeFile(`${checkpoints.prefix(step)}.data-00000-of-00001`, `weights of ${step}`);
    const made = await checkpoints.complete(step, ENGINE);
    const { stale } = await nameCheckpoints(run, made, { newest: KEEP, best: bestUpTo(step - 1) });
    await removeCheckpoints(run, stale);
  }
}

/** An epoch is judged after its checkpoint was made. */
function bestUpTo(step: number): typeof BEST | undefined {
  return step >= BEST.step ? BEST : undefined;
}

async function keysOf(store: WatchedStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of store.list(runKeys.checkpoints('r'))) names.push(key.split('/').at(-1) as string);
  return names;
}

/** A run that was killed before each of its changes to the store in turn, and then went on. */
async function killEverywhere(continueIn: (first: string, killed: number) => string): Promise<number> {
  for (let killed = 0; ; killed += 1) {
    const directory = await temporaryDirectory();
    const first = join(directory, 'first');
    const store = new WatchedStore('r');
    store.changesLeft = killed;
    let wasKilled = false;
    await go(store, first, 4).catch((error: unknown) => {
      if (!isCodedError(error, 'STORE_REFUSED')) throw error;
      wasKilled = true;
    });
    store.changesLeft = Infinity;
    await go(store, join(directory, continueIn('first', killed)), 5);
    expect(store.faults).toEqual([]);
    const kept = [BEST.step, 4, 5].flatMap((step) =>
      ['data-00000-of-00001', 'index', 'json'].map((end) => `model.ckpt-${step}.${end}`),
    );
    expect(await keysOf(store)).toEqual(['checkpoint', ...kept].sort());
    expect([...new Set(await store.named())].sort()).toEqual(['model.ckpt-2', 'model.ckpt-4', 'model.ckpt-5']);
    if (!wasKilled) return killed;
  }
}

describe('checkpoints of a run whose store is remote', () => {
  it('are there whenever they are named, wherever the run was killed, when it goes on where it was', async () => {
    expect(await killEverywhere((first) => first)).toBeGreaterThan(15);
  });

  it('are there whenever they are named, wherever the run was killed, when it goes on elsewhere', async () => {
    expect(await killEverywhere((_, killed) => `other-${killed}`)).toBeGreaterThan(15);
  });

  it('are there whenever they are named when two machines take turns', async () => {
    const [here, there] = [await temporaryDirectory(), await temporaryDirectory()];
    const store = new WatchedStore('r');
    for (const [turn, directory] of [here, there, here, there, here].entries()) {
      store.changesLeft = 4 + 3 * turn;
      await go(store, directory, 9).catch(() => {});
    }
    store.changesLeft = Infinity;
    await go(store, there, 10);
    expect(store.faults).toEqual([]);
    expect(new Set(await store.named())).toEqual(new Set(['model.ckpt-2', 'model.ckpt-9', 'model.ckpt-10']));
  });
});
