import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { digestFolder } from './support/folders.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

const node = process.env['BLUEWATERS_NEW_NODE'] ?? '';

describe.skipIf(node === '')('the newest Node.js [BLUEWATERS_NEW_NODE]', { timeout: 120_000 }, () => {
  let directory: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('is what this test runs on', () => {
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(/^v26\./u);
  });

  it('goes from an archive to right answers over HTTP: by the same records and to the same model as ours', async () => {
    const flags = archiveFlags(await writeArchive(join(directory, 'archive'), { imagesPerSynset: 200 }));
    const training = ['--epochs', '6', '--batch', '24', '--learning-rate', '0.01', '--threads', '1'];
    const line = (store: string, options = {}): Promise<Ended> => {
      const split = ['--train-shards', '3', '--validation-share', '0.2'];
      return runCli(['run', ...flags, ...training, ...split, '--store', join(directory, store), '--json'], options);
    };
    const [own, newest] = [await line('own'), await line('newest', { node })];
    expect(newest.stderr).not.toContain('error');
    const { accuracy } = newest.json<{ accuracy: number }>();
    expect([newest.code, accuracy]).toEqual([0, own.json<{ accuracy: number }>().accuracy]);
    expect(accuracy).toBeGreaterThan(0.9);
    const made = async (store: string): Promise<unknown> => ({
      dataset: await digestFolder(join(directory, store, 'datasets')),
      // Beside its variables a model says when it was made.
      variables: await digestFolder(join(directory, store, 'models/archive/1/variables')),
    });
    expect(await made('newest')).toEqual(await made('own'));
  });
});
