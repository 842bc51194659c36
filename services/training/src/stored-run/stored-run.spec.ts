import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runKeys } from '@bluewaters/records';
import { readCheckpointState } from '@bluewaters/tensorflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { Lease } from '../lease.js';
import type { RunEntry } from '../run-entry.js';
import { BATCH, weights, workplace } from '../workplace.fixture.js';
import { exportCheckpoint, type ExportedCheckpoint } from './export-checkpoint.js';
import { repair } from './repair.js';
import { StoredRun } from './stored-run.js';

type Workplace = Awaited<ReturnType<typeof workplace>>;

/** Six steps make an epoch, there is a checkpoint after every fourth and each epoch, and the newest two are kept. */
async function stoppedAt20(): Promise<Workplace> {
  const place = await workplace();
  await expect(place.start({}, 20 * BATCH)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  return place;
}

const open = ({ store, directory }: Workplace) => StoredRun.open({ store, run: 'r', workDirectory: directory });
const folderOf = ({ store }: Workplace) => store.localPath(runKeys.checkpoints('r').replace(/\/$/u, '')) as string;
const weightsFile = (place: Workplace, step: number) => join(folderOf(place), `model.ckpt-${step}.data-00000-of-00001`);

describe('a run at rest', { timeout: 120_000 }, () => {
  let whole: string;
  beforeAll(async () => {
    const never = await workplace();
    await never.start();
    whole = await weights(never.store);
  }, 60_000);

  it('tells of every step whether its checkpoint is whole, damaged, or was never finished', async () => {
    const place = await stoppedAt20();
    await truncate(weightsFile(place, 20), 100);
    await writeFile(weightsFile(place, 24), 'half');
    const listed = await (await open(place)).list();
    const states = listed.map(({ step, state, latest }) => [step, state, latest]);
    expect(states.slice(-3)).toEqual([
      [18, 'whole', true],
      [20, 'damaged', false],
      [24, 'unfinished', false],
    ]);
    const [epoch, damaged] = listed.slice(-3);
    expect(epoch?.evaluation?.examples).toBe(21);
    expect(damaged?.problem).toMatchObject({ details: { file: weightsFile(place, 20), got: '100 bytes' } });
    const sizes = (await readdir(folderOf(place))).filter((name) => name.startsWith('model.ckpt-18.'));
    const bytes = await Promise.all(sizes.map(async (name) => (await stat(join(folderOf(place), name))).size));
    expect(epoch?.bytes).toBe(bytes.reduce((a, b) => a + b, 0));
  });

  it('goes on from the last whole checkpoint once it is repaired, to the weights of a run that never stopped', async () => {
    const place = await stoppedAt20();
    await truncate(weightsFile(place, 20), 100);
    await writeFile(weightsFile(place, 24), 'half');
    const path = join(folderOf(place), 'run.json');
    const said = JSON.parse(await readFile(path, 'utf8')) as RunEntry;
    await writeFile(path, JSON.stringify({ ...said, worlds: [...said.worlds, { fromStep: 19, ranks: 4 }] }));
    const { step, damaged, removed, done } = await repair(await open(place));
    expect({ step, damaged, removed }).toEqual({ step: 18, damaged: [20], removed: [24] });
    expect(done).toHaveLength(3);
    expect((await readCheckpointState(folderOf(place)))?.latest).toBe('model.ckpt-18');
    expect((await readCheckpointState(folderOf(place)))?.all).not.toContain('model.ckpt-20');
    expect(await readdir(folderOf(place))).not.toContain('model.ckpt-24.data-00000-of-00001');
    const worlds = [{ fromStep: 0, ranks: 1 }];
    expect((await open(place)).entry).toMatchObject({
      state: 'stopped',
      step: 18,
      epoch: 3,
      checkpointStep: 18,
      worlds,
    });
    await place.start();
    expect(await weights(place.store)).toBe(whole);
  });

  it('is left as it is by a repair that finds nothing', async () => {
    const place = await stoppedAt20();
    const before = await readFile(join(folderOf(place), 'run.json'), 'utf8');
    expect(await repair(await open(place))).toEqual({ step: 20, damaged: [], removed: [], done: [] });
    expect(await readFile(join(folderOf(place), 'run.json'), 'utf8')).toBe(before);
  });

  it('goes on by the same command when run.json was damaged, which is set aside', async () => {
    const place = await stoppedAt20();
    await writeFile(join(folderOf(place), 'run.json'), '{"format":');
    await expect(place.start()).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    const stored = await open(place);
    expect(stored.unreadable).toMatchObject({ code: 'CHECKPOINT_INVALID' });
    await expect(exportFrom(place)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    expect((await repair(stored)).done).toEqual(['run.json could not be read and is now run.json.damaged']);
    await place.start();
    expect(await weights(place.store)).toBe(whole);
  });

  it('is not touched while somebody works on it', async () => {
    const place = await stoppedAt20();
    const lease = await Lease.take(place.store, 'r');
    await expect(repair(await open(place))).rejects.toMatchObject({ code: 'RUN_HELD' });
    await expect((await open(place)).prune(1)).rejects.toMatchObject({ code: 'RUN_HELD' });
    await lease.release();
  });

  it('keeps the newest and the best when it is pruned, and goes on', async () => {
    const place = await stoppedAt20();
    const best = (await (await open(place)).list()).find((one) => one.best)?.step;
    const { kept, removed, bytes } = await (await open(place)).prune(1);
    expect(kept).toEqual([best, 20]);
    expect(removed).toContain(18);
    expect(bytes).toBeGreaterThan(100_000);
    expect((await (await open(place)).list()).map(({ step }) => step)).toEqual(kept);
    await place.start();
    expect(await weights(place.store)).toBe(whole);
  });

  it('gives a model of any whole checkpoint, evaluated on every held-out picture, once', async () => {
    const place = await stoppedAt20();
    const middle = await exportFrom(place);
    expect(middle.result).toMatchObject({ step: 20, model: 'early', version: 1, evaluation: { examples: 21 } });
    expect((await exportFrom(place)).result).toEqual(middle.result);
    const epoch = await exportFrom(place, 18);
    const [trained] = (await open(place)).entry?.evaluations.filter(({ step }) => step === 18) ?? [];
    expect(epoch.result).toMatchObject({ version: 2, evaluation: trained?.evaluation });
    await expect(exportFrom(place, 19)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    expect((await open(place)).entry).toMatchObject({ state: 'stopped', step: 20 });
  });

  it('must be there', async () => {
    const { store, directory } = await workplace();
    await expect(StoredRun.open({ store, run: 'none', workDirectory: directory })).rejects.toMatchObject({
      code: 'RUN_UNKNOWN',
      details: { got: 'none' },
    });
  });

  function exportFrom({ store, directory }: Workplace, step?: number): Promise<ExportedCheckpoint> {
    const request = { run: 'r', model: 'early', ...(step !== undefined && { step }) };
    return exportCheckpoint(request, { store, workDirectory: directory, threads: 2, report: () => {} });
  }
});
