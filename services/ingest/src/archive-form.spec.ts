import { gzipSync } from 'node:zlib';
import { MemoryStore, openSource } from '@bluewaters/storage';
import { makeTar } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { assertArchive } from './archive-form.js';

const TAR = makeTar([{ name: 'n00000001.tar', bytes: makeTar([]) }]);

async function judge(bytes: Uint8Array, compressed = false): Promise<void> {
  const store = new MemoryStore();
  await store.put('Images.tar', compressed ? gzipSync(bytes) : bytes);
  await using source = await openSource(store, { key: 'Images.tar' });
  await assertArchive(source, compressed ? 'gzip' : undefined);
}

describe('a file that is said to be an archive', () => {
  it.each([
    ['a list of synsets', Buffer.from('n01440764\nn01443537\n'), 'text: "n01440764 n01443537"'],
    ['a long text', Buffer.from('Zürich, '.repeat(200)), 'text: "Zürich, Zürich,'],
    ['an HTML error page', Buffer.from('\n<!DOCTYPE html><html><h1>404</h1>'), 'an HTML page'],
    ['a zip file', Buffer.from('504b03041400', 'hex'), 'a zip file'],
    ['a bzip2 stream', Buffer.from('BZh91AY&SY'), 'a bzip2 stream'],
    ['a picture', Buffer.from('ffd8ffe000104a46', 'hex'), 'a JPEG picture'],
    ['noise', Buffer.from('000102030405060708090a', 'hex'), 'bytes that begin with 0001020304050607'],
  ])('is refused when it is %s, plain or gzip, by what it seems to be', async (_, bytes, got) => {
    const refusal = {
      code: 'ARCHIVE_INVALID',
      details: { file: 'Images.tar', offset: 0, expected: expect.stringContaining('plain or gzip') as string },
    };
    for (const compressed of [false, true]) {
      const judged = judge(bytes, compressed);
      await expect(judged).rejects.toMatchObject(refusal);
      await expect(judged).rejects.toMatchObject({ details: { got: expect.stringContaining(got) as string } });
    }
  });

  it.each([
    ['a tar', TAR],
    ['a tar without the mark of POSIX', Buffer.concat([withoutMark(TAR), TAR.subarray(512)])],
    ['an empty tar', makeTar([])],
    ['a tar that was cut in its first header', TAR.subarray(0, 300)],
    ['a tar with a damaged first header', Buffer.concat([Buffer.from('x'), TAR.subarray(1)])],
    ['an empty file', Buffer.alloc(0)],
  ])('is left to the walk when it is %s', async (_, bytes) => {
    await judge(bytes);
    await judge(bytes, true);
  });

  it('is left to the inflating when its gzip stream is damaged from the start', async () => {
    const store = new MemoryStore();
    await store.put('Images.tar.gz', Buffer.from('1f8b0800000000000003ffffffffff', 'hex'));
    await using source = await openSource(store, { key: 'Images.tar.gz' });
    await assertArchive(source, 'gzip');
  });
});

/** The first header as tar wrote it before POSIX. */
function withoutMark(tar: Buffer): Buffer {
  const block = Buffer.from(tar.subarray(0, 512));
  block.fill(0, 257, 265);
  block.fill(' ', 148, 156);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8)}\0`, 148);
  return block;
}
