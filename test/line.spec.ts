import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli } from './support/cli.js';
import { digestFolder } from './support/folders.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

interface LineResult {
  readonly accuracy: number;
  readonly seconds: number;
  readonly imagesPerSecond: number | null;
  readonly paths: Record<'index' | 'dataset' | 'checkpointDir' | 'model', string>;
}

describe('bluewaters run', { timeout: 120_000 }, () => {
  let directory: string;
  let flags: string[];
  let reference: Record<string, string>;
  const store = (name: string): string => join(directory, name);
  const line = (name: string): string[] => ['run', ...flags, '--store', store(name), '--json'];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    const archive = await writeArchive(join(directory, 'archive'), { imagesPerSynset: 500 });
    flags = [
      ...archiveFlags(archive),
      ...['--epochs', '12', '--batch', '24', '--learning-rate', '0.01', '--checkpoint-every-steps', '20'],
      ...['--train-shards', '3', '--validation-share', '0.2'],
    ];
    const ended = await runCli(line('whole'));
    expect(ended.stderr).toContain('ingest: 1,500 images of 3 synsets');
    expect(ended.code).toBe(0);
    reference = await digestFolder(store('whole/datasets'));
  }, 120_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('goes from archive to right answers over HTTP, and says where everything is', async () => {
    const ended = await runCli(line('whole'));
    const { accuracy, paths } = ended.json<LineResult>();
    expect(accuracy).toBeGreaterThan(0.95);
    expect(Object.keys(await digestFolder(paths.model))).toContain('saved_model.pb');
    expect(Object.keys(await digestFolder(paths.checkpointDir))).toContain('checkpoint');
    expect(Object.keys(reference)).toContain('archive/manifest.json');
  });

  it('makes nothing anew when it is run again', async () => {
    const made = await digestFolder(store('whole'));
    expect((await runCli(line('whole'))).code).toBe(0);
    expect(await digestFolder(store('whole'))).toEqual(made);
  });

  it.each([
    ['while it indexes or soon after', /^Blue Waters ML/u],
    ['between index and shards', /ingest: .* images of/u],
    ['between shards and training', /shards: .* records/u],
    ['while it trains', /training: epoch/u],
  ])('ends with the same shards and a right model after a SIGKILL %s', async (when, moment) => {
    const name = `killed-${when.replaceAll(' ', '-')}`;
    const killed = startCli(line(name));
    await killed.line(moment);
    killed.process.kill('SIGKILL');
    await killed.ended;
    const ended = await runCli(line(name));
    expect(ended.code).toBe(0);
    expect(ended.json<LineResult>().accuracy).toBeGreaterThan(0.95);
    expect(await digestFolder(store(`${name}/datasets`))).toEqual(reference);
  });

  it('stops with a checkpoint on SIGINT, exits with 130, and goes on from there', async () => {
    const stopped = startCli(line('stopped'));
    await stopped.line(/training: epoch/u);
    stopped.process.kill('SIGINT');
    const { code, stdout } = await stopped.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout.trimEnd())).toMatchObject({ error: { code: 'INTERRUPTED' } });
    const ended = await runCli(line('stopped'));
    expect(ended.stderr).toMatch(/going on from the checkpoint of step \d+/u);
    expect(ended.json<LineResult>().accuracy).toBeGreaterThan(0.95);
  });
});
