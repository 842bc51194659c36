import { spawnSync } from 'node:child_process';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexKeys } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { syntheticArchive, temporaryDirectory } from '@bluewaters/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { indexArchive } from './index.js';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;
const { archive } = await syntheticArchive();

/** A frame of blocks that are stored as they are, which every decoder of RFC 8878 reads. */
function zstdFrame(bytes: Buffer): Buffer {
  const blockBytes = 100_000;
  // A window of 128 KiB, no checksum, no size.
  const parts: Uint8Array[] = [Buffer.from('28b52ffd0038', 'hex')];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const isLast = at + blockBytes >= bytes.length;
    const head = Buffer.alloc(3);
    head.writeUIntLE(block.length * 8 + (isLast ? 1 : 0), 0, 3);
    parts.push(head, block);
  }
  return Buffer.concat(parts);
}

/** Indexes, and gives what was written of the first synset. */
async function ingest(images: Buffer): Promise<string> {
  const store = new MemoryStore();
  await store.put('Images.tar.zst', images);
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: await temporaryDirectory(), signal, report: () => {} };
  const request = { dataset: 'd', images: { key: 'Images.tar.zst' }, maxRefused: 0, check: 'header' } as const;
  await indexArchive(request, context);
  return Buffer.from(await store.get(indexKeys.synset('d', 'n01440764'))).toString();
}

afterEach(() => vi.unstubAllEnvs());

describe('a zstd stream', () => {
  it.skipIf(!hasZstd)(
    'gives the index of the tar in it, and is refused where it is cut [needs the program zstd]',
    async () => {
      const frame = zstdFrame(archive);
      expect(await ingest(frame)).toBe(await ingest(archive));
      await expect(ingest(frame.subarray(0, frame.length - 600))).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED' });
    },
  );

  it('is refused by name where there is no program to read it', async () => {
    vi.stubEnv('PATH', '/nowhere');
    await expect(ingest(zstdFrame(archive))).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      message: expect.stringContaining('there is no program zstd'),
    });
  });
});
