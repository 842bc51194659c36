import { pbkdf2 } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { SourceFile } from '@bluewaters/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inflate } from './inflate.js';

/** More than a stream keeps in its buffers, and not compressible. */
const PLAIN = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 31) >>> 7));

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-inflate-'));
  path = join(folder, 'plain.tar');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function sourceOf(bytes: Buffer, onRead = (): void => {}): SourceFile {
  return {
    file: 'given.tar.gz',
    size: bytes.length,
    remote: false,
    version: '1',
    read: async ({ offset, length }) => {
      onRead();
      return bytes.subarray(offset, offset + length);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Whatever opens a file waits for these first. */
async function keepThreadsBusy(): Promise<void> {
  const jobs = Array.from({ length: 16 }, () => promisify(pbkdf2)('password', 'salt', 50_000, 16, 'sha256'));
  await Promise.all(jobs);
}

const inflateInto = async (source: SourceFile): ReturnType<typeof inflate> =>
  inflate(source, {
    compression: 'gzip',
    path,
    keepCut: true,
    signal: new AbortController().signal,
    onProgress: () => {},
  });

describe('inflating an archive', () => {
  it('gives the plain bytes, and nothing of what the file held before', async () => {
    expect(await inflateInto(sourceOf(gzipSync(PLAIN)))).toBeUndefined();
    expect(await inflateInto(sourceOf(gzipSync(PLAIN.subarray(1000, 2000))))).toBeUndefined();
    expect((await readFile(path)).equals(PLAIN.subarray(1000, 2000))).toBe(true);
  });

  it('keeps what comes before the place where a stream is cut', async () => {
    const whole = gzipSync(PLAIN, { level: 0 });
    const error = await inflateInto(sourceOf(whole.subarray(0, 200_000)));
    expect(error?.code).toBe('ARCHIVE_TRUNCATED');
    const kept = await readFile(path);
    expect(kept.length).toBeGreaterThan(199_900);
    expect(kept.equals(PLAIN.subarray(0, kept.length))).toBe(true);
  });

  it('has its file open before it reads: one that is opened late is emptied late', async () => {
    await rm(path, { force: true });
    const busy = keepThreadsBusy();
    const wasThere: boolean[] = [];
    await inflateInto(sourceOf(gzipSync(PLAIN).subarray(0, 100), () => wasThere.push(existsSync(path))));
    await busy;
    expect(new Set(wasThere)).toEqual(new Set([true]));
  });
});
