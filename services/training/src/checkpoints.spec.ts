import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CodedError } from '@bluewaters/errors';
import { readCheckpointState } from '@bluewaters/tensorflow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointDirectory } from './checkpoints.js';

const ENGINE = { tensorflow: '2.18.1', cpu: 'test', oneDnn: true, threads: 2 };

describe('CheckpointDirectory', () => {
  let path: string;
  let checkpoints: CheckpointDirectory;
  let invalid: CodedError[];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'checkpoints-'));
    checkpoints = new CheckpointDirectory(path, 'request-a');
    invalid = [];
  });
  afterEach(() => rm(path, { recursive: true }));

  /** What TensorFlow would write, then our entry. */
  async function save(step: number): Promise<void> {
    await writeFile(`${checkpoints.prefix(step)}.index`, `index of ${step}`);
    await writeFile(`${checkpoints.prefix(step)}.data-00000-of-00001`, `weights of ${step}`);
    await checkpoints.complete(step, ENGINE);
    await checkpoints.retain(step, { newest: 3 });
  }
  const latest = async (): Promise<number | undefined> =>
    (await checkpoints.latest((error) => invalid.push(error)))?.step;

  it('finds the newest by number, not by name', async () => {
    for (const step of [9, 200, 1000]) await save(step);
    expect(await latest()).toBe(1000);
    expect(invalid).toEqual([]);
  });

  it('takes the one before when the newest is cut short, and says which file, how long it should be and is', async () => {
    await save(100);
    await save(200);
    const weights = `${checkpoints.prefix(200)}.data-00000-of-00001`;
    await truncate(weights, 3);
    expect(await latest()).toBe(100);
    expect(invalid[0]).toMatchObject({
      code: 'CHECKPOINT_INVALID',
      details: { file: weights, expected: '14 bytes', got: '3 bytes' },
    });
  });

  it('takes the one before when one byte of the newest has changed', async () => {
    await save(100);
    await save(200);
    await writeFile(`${checkpoints.prefix(200)}.index`, 'Index of 200');
    expect(await latest()).toBe(100);
    expect(invalid.map(({ code }) => code)).toEqual(['CHECKPOINT_INVALID']);
  });

  it.each(['bluewaters.checkpoint.v2', 'bluewaters.checkpoint.v0'])(
    'goes back behind no checkpoint of another version, and forgets none: %s',
    async (got) => {
      await save(100);
      await save(200);
      const file = `${checkpoints.prefix(200)}.json`;
      await writeFile(file, JSON.stringify({ format: got, other: 'things' }));
      const before = (await readdir(path)).sort();
      const refused = {
        code: 'FORMAT_UNKNOWN',
        details: { file, field: 'format', expected: 'bluewaters.checkpoint.v1', got },
      };
      await expect(latest()).rejects.toMatchObject(refused);
      await expect(checkpoints.at(200)).rejects.toMatchObject(refused);
      await expect(checkpoints.survey()).rejects.toMatchObject(refused);
      await expect(checkpoints.retain(200, { newest: 1 })).rejects.toMatchObject(refused);
      await checkpoints.removeUnfinished();
      expect((await readdir(path)).sort()).toEqual(before);
      expect(invalid).toEqual([]);
    },
  );

  it('passes over an entry that is damaged, in its format too', async () => {
    await save(100);
    for (const text of ['{"format":', '{"format":"bluewathrs.checkpoint.v1"}', '{}']) {
      await save(200);
      await writeFile(`${checkpoints.prefix(200)}.json`, text);
      expect(await latest()).toBe(100);
      expect(invalid.splice(0).map(({ code }) => code)).toEqual(['CHECKPOINT_INVALID']);
    }
  });

  it('never sees files whose writer was killed before the entry', async () => {
    await save(100);
    await writeFile(`${checkpoints.prefix(200)}.data-00000-of-00001`, 'half');
    expect(await latest()).toBe(100);
    expect(invalid).toEqual([]);
  });

  it('does not take the weights of another request', async () => {
    await save(100);
    const other = new CheckpointDirectory(path, 'request-b');
    expect(await other.latest((error) => invalid.push(error))).toBeUndefined();
    expect(invalid).toHaveLength(1);
  });

  it('keeps the newest few, removes leftovers, and names those that remain in the checkpoint state file', async () => {
    for (const step of [1, 2, 3, 4]) await save(step);
    await writeFile(`${checkpoints.prefix(5)}.data-00000-of-00001.tempstate`, 'half');
    const { kept, stale } = await checkpoints.retain(4, { newest: 2 });
    expect(kept.map(({ step }) => step)).toEqual([3, 4]);
    expect(await readCheckpointState(path)).toEqual({ latest: 'model.ckpt-4', all: ['model.ckpt-3', 'model.ckpt-4'] });
    expect(stale).toContain('model.ckpt-1.json');
    await checkpoints.remove(stale);
    const left = (await readdir(path)).filter((name) => name.endsWith('.json'));
    expect(left.sort()).toEqual(['model.ckpt-3.json', 'model.ckpt-4.json']);
    expect((await readdir(path)).some((name) => name.startsWith('model.ckpt-5'))).toBe(false);
  });

  it('keeps beside the newest one that it is told to, however old, and gives it by its step', async () => {
    for (const step of [1, 2, 3, 4]) await save(step);
    const { kept, stale } = await checkpoints.retain(4, { newest: 1, also: 2 });
    expect(kept.map(({ step }) => step)).toEqual([2, 4]);
    await checkpoints.remove(stale);
    expect(await checkpoints.at(2)).toEqual(kept[0]);
    await expect(checkpoints.at(3)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });

  it('does not name later checkpoints when it had to go back to an earlier one, nor one that cannot be read', async () => {
    for (const step of [1, 2, 3, 4]) await save(step);
    await writeFile(`${checkpoints.prefix(2)}.json`, '{');
    const { stale } = await checkpoints.retain(3, { newest: 3 });
    expect(await readCheckpointState(path)).toEqual({ latest: 'model.ckpt-3', all: ['model.ckpt-1', 'model.ckpt-3'] });
    expect(stale.slice(0, 2).sort()).toEqual(['model.ckpt-2.json', 'model.ckpt-4.json']);
  });

  it('names only what is whole at every moment of its work', async () => {
    for (const step of [1, 2, 3]) await save(step);
    await writeFile(`${checkpoints.prefix(4)}.index`, 'index');
    for (const act of [() => checkpoints.complete(4, ENGINE), () => checkpoints.retain(4, { newest: 2 })]) {
      await act();
      await expectWhole(path);
    }
    const { stale } = await checkpoints.retain(4, { newest: 2 });
    for (const name of stale) {
      await checkpoints.remove([name]);
      await expectWhole(path);
    }
  });
});

/** Every checkpoint that TensorFlow's state file names has its files, as its entry says. */
async function expectWhole(path: string): Promise<void> {
  const names = await readdir(path);
  for (const checkpoint of (await readCheckpointState(path))?.all ?? []) {
    const { files } = JSON.parse(await readFile(join(path, `${checkpoint}.json`), 'utf8')) as {
      files: { name: string }[];
    };
    expect(names).toEqual(expect.arrayContaining(files.map(({ name }) => name)));
  }
}
