import { copyFile, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ErrorCode, ErrorDetails } from '@bluewaters/errors';
import { describeWith, makeTar, smallDisk, syntheticJpeg, temporaryDirectory } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, startCli, type Ended } from './support/cli.js';
import { filesBelow } from './support/folders.js';
import { archiveFlags, SYNSETS, writeArchive, type ArchiveFiles } from './support/pictures.js';

/** What a command said with `--json` when it failed. */
interface Failure {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };
}

const SMALL = ['--epochs', '2', '--batch', '12', '--train-shards', '2', '--checkpoint-every-steps', '5'];

describe('bad input', { timeout: 120_000 }, () => {
  let directory: string;
  let archive: ArchiveFiles;
  let store: string;
  let count = 0;

  const freshStore = (): string => join(directory, `store-${(count += 1)}`);
  const ingest = (files: ArchiveFiles, into: string): Promise<Ended> =>
    runCli(['ingest', ...archiveFlags(files), '--dataset', 'd', '--store', into, '--json']);

  beforeAll(async () => {
    directory = await temporaryDirectory();
    archive = await writeArchive(join(directory, 'archive'), { imagesPerSynset: 10 });
    store = join(directory, 'good');
    const made = await runCli([
      'run',
      ...archiveFlags(archive),
      '--dataset',
      'd',
      ...SMALL,
      '--store',
      store,
      '--json',
    ]);
    expect(made.stderr).toContain('inference: d version 1 is ready');
    expect(made.code).toBe(0);
  }, 120_000);

  /** Trains a run of its own on the dataset of a store. */
  const trainAnew = (from: string): Promise<Ended> =>
    runCli(['train', '--dataset', 'd', '--run', 'new', ...SMALL.slice(0, 4), '--store', from, '--json']);

  /** A copy of the good store, to be damaged. */
  async function copyStore(): Promise<string> {
    const copy = freshStore();
    for (const name of await filesBelow(store)) {
      await mkdir(join(copy, name, '..'), { recursive: true });
      await copyFile(join(store, name), join(copy, name));
    }
    return copy;
  }

  /** Expects a coded error, a failing exit code, and that no entry makes anything look whole. */
  async function expectRefusal(ended: Ended, code: ErrorCode, into?: string): Promise<Failure['error']> {
    const { error } = ended.json<Failure>();
    expect(error).toMatchObject({ code });
    expect(ended.code).toBe(1);
    const entries = into === undefined ? [] : await filesBelow(into);
    expect(entries.filter((name) => /(?:index|manifest|entry)\.json$/u.test(name))).toEqual([]);
    return error;
  }

  it('names file and offset of an archive that is cut short', async () => {
    const cut = { ...archive, images: join(directory, 'cut.tar') };
    await writeFile(cut.images, (await readFile(archive.images)).subarray(0, 20_000));
    const into = freshStore();
    const { details } = await expectRefusal(await ingest(cut, into), 'ARCHIVE_TRUNCATED', into);
    expect(details.file).toContain('cut.tar');
    expect(details.offset).toBeGreaterThan(0);
  });

  it('names the member that is no image, and its offset', async () => {
    const [synset] = SYNSETS;
    const members = [
      { name: `${synset}_1.JPEG`, bytes: await syntheticJpeg() },
      { name: `${synset}_2.JPEG`, bytes: Buffer.from('this is no picture') },
    ];
    const odd = { ...archive, images: join(directory, 'odd.tar') };
    await writeFile(odd.images, makeTar([{ name: `${synset}.tar`, bytes: makeTar(members) }]));
    const into = freshStore();
    const { details } = await expectRefusal(await ingest(odd, into), 'IMAGE_INVALID', into);
    expect(details.file).toContain(`${synset}_2.JPEG`);
    expect(details.offset).toBeGreaterThan(0);
  });

  it('refuses an archive without a picture', async () => {
    const empty = { ...archive, images: join(directory, 'empty.tar') };
    await writeFile(empty.images, makeTar([]));
    const into = freshStore();
    await expectRefusal(await ingest(empty, into), 'ARCHIVE_EMPTY', into);
  });

  it('names a file that does not exist', async () => {
    const into = freshStore();
    const ended = await ingest({ ...archive, images: join(directory, 'nothing.tar') }, into);
    const { message } = await expectRefusal(ended, 'FILE_NOT_FOUND', into);
    expect(message).toContain('nothing.tar');
  });

  it.each([
    ['a list of synsets', Buffer.from(SYNSETS.join('\n')), 'ARCHIVE_INVALID', `text: "${SYNSETS[0]}`],
    ['a zip file', Buffer.from('504b030414000000', 'hex'), 'ARCHIVE_INVALID', 'a zip file'],
    ['an error page', Buffer.from('<!DOCTYPE html>\n<title>404</title>'), 'ARCHIVE_INVALID', 'an HTML page'],
    ['an empty file', Buffer.alloc(0), 'ARCHIVE_EMPTY', '0 bytes'],
  ] as const)('says what it was given instead of an archive: %s', async (title, bytes, code, got) => {
    const images = join(directory, `${title}.tar`);
    await writeFile(images, bytes);
    const into = freshStore();
    const { details } = await expectRefusal(await ingest({ ...archive, images }, into), code, into);
    expect(details).toMatchObject({
      file: images,
      offset: 0,
      expected: expect.stringContaining('a tar, plain or gzip'),
    });
    expect(details.got).toContain(got);
    expect((await filesBelow(into)).filter((name) => name.startsWith('indexes'))).toEqual([]);
  });

  it('refuses a folder without a picture', async () => {
    const images = join(directory, 'empty');
    await mkdir(images);
    const into = freshStore();
    const refused = await expectRefusal(await ingest({ ...archive, images }, into), 'ARCHIVE_EMPTY', into);
    expect(refused.details).toMatchObject({ file: images });
  });

  it('says so when the store refuses', async () => {
    const file = join(directory, 'a-file');
    await writeFile(file, '');
    const ended = await ingest(archive, join(file, 'store'));
    expect(ended.code).toBe(1);
    expect(['STORE_REFUSED', 'STORE_UNAVAILABLE', 'FILE_NOT_FOUND']).toContain(ended.json<Failure>().error.code);
  });

  it('names shard and offset of one flipped bit, when verifying and when training', async () => {
    const copy = await copyStore();
    const shard = join(copy, 'datasets/d/train-00001-of-00002');
    await flipBit(shard, 700);
    const verified = await runCli(['shards', 'verify', '--dataset', 'd', '--store', copy, '--json']);
    const trained = await trainAnew(copy);
    for (const ended of [verified, trained]) {
      const { details } = await expectRefusal(ended, 'RECORD_CORRUPT');
      expect(details.file).toContain('train-00001-of-00002');
      expect(details.offset).toBeGreaterThanOrEqual(0);
    }
  });

  it('names the shard that a manifest names and that is not there', async () => {
    const copy = await copyStore();
    await rm(join(copy, 'datasets/d/train-00000-of-00002'));
    const ended = await trainAnew(copy);
    const { details } = await expectRefusal(ended, 'SHARD_MISSING');
    expect(details.file).toBe('datasets/d/train-00000-of-00002');
  });

  it('goes on from the checkpoint before one that is cut short, and says so', async () => {
    const copy = await copyStore();
    const folder = join(copy, 'runs/d-lenet/checkpoint_dir');
    const steps = (await readdir(folder)).map((name) => Number(/-(\d+)\.json$/u.exec(name)?.[1] ?? -1));
    const [before, newest] = steps
      .filter((step) => step >= 0)
      .sort((a, b) => a - b)
      .slice(-2) as [number, number];
    await truncate(join(folder, `model.ckpt-${newest}.data-00000-of-00001`), 1000);
    const ended = await runCli(['train', '--dataset', 'd', ...SMALL.slice(2, 4), '--epochs', '3', '--store', copy]);
    expect(ended.stderr).toContain(`The checkpoint of step ${newest} cannot be used`);
    expect(ended.stderr).toContain(`going on from the checkpoint of step ${before}`);
    expect(ended.code).toBe(0);
  });

  it('names the model version that is damaged, at once', async () => {
    const copy = await copyStore();
    await flipBit(join(copy, 'models/d/1/saved_model.pb'), 100);
    const again = ['run', ...archiveFlags(archive), '--dataset', 'd', ...SMALL, '--store', copy, '--json'];
    const { message } = await expectRefusal(await runCli(again), 'MODEL_INVALID');
    expect(message).toContain('Version 1 of the model d');
  });

  it('names the port that is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const ended = await runCli(['serve', '--store', store, '--port', String(port), '--json']);
    const { message } = await expectRefusal(ended, 'PORT_IN_USE');
    expect(message).toContain(String(port));
    taken.close();
  });

  it('names the model that is not in the registry, and the picture that is none', async () => {
    const picture = join(directory, 'archive/picture.jpg');
    const asked = await runCli(['classify', picture, '--model', 'unknown', '--store', store, '--json']);
    const { details } = await expectRefusal(asked, 'MODEL_UNKNOWN');
    expect(details).toMatchObject({ field: 'model', expected: 'd', got: 'unknown' });
    const mixed = await runCli(['classify', picture, archive.words, '--store', store, '--json']);
    expect((await expectRefusal(mixed, 'IMAGE_INVALID')).details.file).toBe(archive.words);
  });

  it('answers a request that is no image, and one for an unknown model, by their codes', async () => {
    const serving = startCli(['serve', '--store', store, '--port', '0']);
    const address = /http:\S+/u.exec(await serving.line(/http:\/\//u))?.[0] as string;
    const ask = async (model: string): Promise<{ status: number; code: string }> => {
      const response = await fetch(`${address}/v1/models/${model}/image`, {
        method: 'POST',
        headers: { 'content-type': 'image/jpeg' },
        body: 'no picture',
      });
      return { status: response.status, code: ((await response.json()) as { code: string }).code };
    };
    await expect.poll(() => ask('d'), { timeout: 60_000 }).toEqual({ status: 422, code: 'IMAGE_INVALID' });
    expect(await ask('unknown')).toEqual({ status: 404, code: 'MODEL_UNKNOWN' });
    serving.process.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });
});

async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, offset);
  await file.close();
}

await describeWith(['small disk'], 'a full disk', () => {
  it.each([
    ['the index is made', 24, { there: /synsets/u, absent: /index\.json$/u }],
    ['shards are written', 64, { there: /index\.json$/u, absent: /manifest\.json$/u }],
    ['the first checkpoint is written', 160, { there: /manifest\.json$/u, absent: /model\.ckpt/u }],
    ['a later checkpoint is written', 2048, { there: /model\.ckpt-\d+\.json$/u, absent: /entry\.json$/u }],
  ])('fails the line with STORE_FULL and leaves nothing half-done when %s', { timeout: 120_000 }, async (...given) => {
    const [, kibibytes, { there, absent }] = given;
    const directory = await temporaryDirectory();
    const archive = await writeArchive(directory, { imagesPerSynset: 10 });
    const into = join(await smallDisk(kibibytes * 1024), 'store');
    const args = ['run', ...archiveFlags(archive), '--dataset', 'd', ...SMALL, '--store', into, '--json'];
    const ended = await runCli(args);
    expect(ended.json<Failure>().error.code).toBe('STORE_FULL');
    expect(ended.code).toBe(1);
    const left = await filesBelow(into);
    expect(left.some((name) => there.test(name))).toBe(true);
    expect(left.filter((name) => absent.test(name))).toEqual([]);
    expect(left.filter((name) => /(?:^|\/)~|\.writing$|tempstate/u.test(name))).toEqual([]);
    const entries = left.filter((name) => /model\.ckpt-\d+\.json$/u.test(name));
    const weights = left.filter((name) => /model\.ckpt-\d+\.(?:data|index)/u.test(name));
    expect(weights).toHaveLength(2 * entries.length);
  });
});
