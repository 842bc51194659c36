import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseVariant, findLibtensorflow, getLibtensorflow } from './libtensorflow.mjs';
import { TENSORFLOW_ARCHIVE_VERSION, TENSORFLOW_VERSION } from './pins.mjs';
import { writeStamp } from './stamp.mjs';
import { unpackArchive } from './tensorflow-archive.mjs';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-libtensorflow-'));
});
afterEach(() => rm(folder, { recursive: true }));

const environment = () => ({ BLUEWATERS_CACHE: folder, BLUEWATERS_TENSORFLOW: 'cpu' });

async function keep(version: string): Promise<string> {
  const kept = join(folder, 'libtensorflow', `${version}-cpu`);
  await mkdir(kept, { recursive: true });
  await writeFile(join(kept, 'libtensorflow_cc.so.2'), 'library');
  await writeStamp(kept);
  return kept;
}

describe('the variant', () => {
  const yes = () => Promise.resolve(true);
  const no = () => Promise.resolve(false);

  it('is the GPU build exactly where an NVIDIA driver is', async () => {
    expect(await chooseVariant({}, yes)).toBe('gpu');
    expect(await chooseVariant({}, no)).toBe('cpu');
    expect(await chooseVariant({}, yes, 'arm64')).toBe('cpu');
  });

  it('is what BLUEWATERS_TENSORFLOW says, whatever the driver', async () => {
    expect(await chooseVariant({ BLUEWATERS_TENSORFLOW: 'cpu' }, yes)).toBe('cpu');
    expect(await chooseVariant({ BLUEWATERS_TENSORFLOW: 'gpu' }, no)).toBe('gpu');
    await expect(chooseVariant({ BLUEWATERS_TENSORFLOW: 'gpu' }, yes, 'arm64')).rejects.toThrow('no GPU build');
    await expect(chooseVariant({ BLUEWATERS_TENSORFLOW: 'tpu' }, no)).rejects.toThrow('got tpu');
  });
});

describe('libtensorflow', () => {
  it('is taken from the cache, and nothing there is touched', async () => {
    const kept = await keep(TENSORFLOW_VERSION);
    const stamp = await readFile(join(kept, 'bluewaters-stamp.json'), 'utf8');
    expect(await getLibtensorflow(environment())).toMatchObject({ folder: kept, include: join(kept, 'include') });
    expect(await readFile(join(kept, 'bluewaters-stamp.json'), 'utf8')).toBe(stamp);
    expect(await readdir(join(folder, 'libtensorflow'))).toEqual([`${TENSORFLOW_VERSION}-cpu`]);
  });

  it('is found only when it is whole', async () => {
    expect(await findLibtensorflow(environment())).toBeUndefined();
    const kept = await keep(TENSORFLOW_VERSION);
    expect((await findLibtensorflow(environment()))?.folder).toBe(kept);
    await writeFile(join(kept, 'libtensorflow_cc.so.2'), 'damage');
    expect(await findLibtensorflow(environment())).toBeUndefined();
  });

  it('of the pinned release is preferred to the older archive', async () => {
    const older = await keep(TENSORFLOW_ARCHIVE_VERSION);
    expect((await findLibtensorflow(environment()))?.folder).toBe(older);
    const pinned = await keep(TENSORFLOW_VERSION);
    expect((await findLibtensorflow(environment()))?.folder).toBe(pinned);
  });
});

describe('the archive of libtensorflow', () => {
  let server: Server;
  let archive: Buffer;
  const asked: string[] = [];

  beforeEach(async () => {
    await mkdir(join(folder, 'tree/lib'), { recursive: true });
    await writeFile(join(folder, 'tree/lib/libtensorflow.so.2'), 'library');
    archive = execFileSync('tar', ['-C', join(folder, 'tree'), '-cz', '.']);
    server = createServer((request, answer) => {
      asked.push(request.url ?? '');
      answer.end(archive);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await mkdir(join(folder, 'out'));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const unpack = (sha256: string) => {
    const TFJS_NODE_CDN_STORAGE = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return unpackArchive(join(folder, 'out'), 'gpu', { TFJS_NODE_CDN_STORAGE }, sha256);
  };

  it('is fetched from the address that tfjs-node-gpu uses, and unpacked when its digest is right', async () => {
    await unpack(createHash('sha256').update(archive).digest('hex'));
    expect(asked).toEqual([
      `/tensorflow/libtensorflow/libtensorflow-gpu-linux-x86_64-${TENSORFLOW_ARCHIVE_VERSION}.tar.gz`,
    ]);
    expect(await readFile(join(folder, 'out/lib/libtensorflow.so.2'), 'utf8')).toBe('library');
  });

  it('is not unpacked when its digest is wrong', async () => {
    await expect(unpack('0'.repeat(64))).rejects.toThrow(/expected SHA-256 0+, got/);
    await expect(readdir(join(folder, 'out/lib'))).rejects.toThrow('ENOENT');
  });
});
