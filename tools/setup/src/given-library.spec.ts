import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { givenLibrary } from './given-library.mjs';
import { copyStripped, findLibtensorflow, getLibtensorflow } from './libtensorflow.mjs';
import { TENSORFLOW_VERSION } from './pins.mjs';
import { probeEnvironment } from './probe.mjs';
import { writeStamp } from './stamp.mjs';

const repository = new URL('../../..', import.meta.url).pathname;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-given-'));
});
afterEach(() => rm(folder, { recursive: true }));

const cache = () => join(folder, 'cache');
const named = () => join(folder, 'given');
const environment = () => ({ BLUEWATERS_CACHE: cache(), BLUEWATERS_TENSORFLOW: 'cpu', LIBTENSORFLOW_DIR: named() });

/** A shared library of one segment and no code: what the dynamic loader reads first is as in a real one. */
function sharedLibrary({ text = 'a library', type = 3, processor = 62 } = {}): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(type, 16);
  header.writeUInt16LE(processor, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  const segment = Buffer.alloc(56);
  segment.writeBigUInt64LE(120n, 8);
  segment.writeBigUInt64LE(BigInt(body.length), 32);
  return Buffer.concat([header, segment, body]);
}

const LIBRARY = sharedLibrary();
const FRAMEWORK = sharedLibrary({ text: 'its companion' });
const BUILDS = {
  cpu: { libraries: { 'libtensorflow_cc.so.2': sha256(LIBRARY), 'libtensorflow_framework.so.2': sha256(FRAMEWORK) } },
};

async function give({ library = LIBRARY, below = '.' }: { library?: Uint8Array; below?: string } = {}) {
  await mkdir(join(named(), below), { recursive: true });
  await writeFile(join(named(), below, 'libtensorflow.so.2'), library);
  await writeFile(join(named(), below, 'libtensorflow_framework.so.2'), FRAMEWORK);
}

describe('a library that LIBTENSORFLOW_DIR names', () => {
  it.each(['.', 'lib'])('goes before the cache (%s)', async (below) => {
    await give({ below });
    expect(await getLibtensorflow(environment())).toMatchObject({ folder: join(named(), below), include: undefined });
  });

  it('is known for the pinned release by its digests, under whatever name', async () => {
    await give();
    expect(await givenLibrary(named(), environment(), { builds: BUILDS })).toMatchObject({
      trust: 'pinned',
      name: `${TENSORFLOW_VERSION} (CPU), from LIBTENSORFLOW_DIR`,
    });
  });

  it('is an unknown build when one byte of it differs', async () => {
    const other = sharedLibrary({ text: 'b library' });
    await give({ library: other });
    expect(await givenLibrary(named(), environment(), { builds: BUILDS })).toMatchObject({
      trust: 'unknown',
      sha256: sha256(other),
    });
  });

  it('is not read again while its size and time stay, unless all bytes are asked for', async () => {
    await give();
    const file = join(named(), 'libtensorflow.so.2');
    const time = new Date(1_000_000);
    await utimes(file, time, time);
    const trust = async (thorough: boolean) =>
      (await givenLibrary(named(), environment(), { builds: BUILDS, thorough })).trust;
    expect(await trust(false)).toBe('pinned');
    await writeFile(file, sharedLibrary({ text: 'b library' }));
    await utimes(file, time, time);
    expect([await trust(false), await trust(true)]).toEqual(['pinned', 'unknown']);
    await utimes(file, 1, 1);
    expect(await trust(false)).toBe('unknown');
  });

  it('is taken for set-up’s own when it lies in the cache, as in programs that set-up starts', async () => {
    const kept = join(cache(), 'libtensorflow', `${TENSORFLOW_VERSION}-cpu`);
    await mkdir(kept, { recursive: true });
    await writeFile(join(kept, 'libtensorflow_cc.so.2'), LIBRARY);
    await writeStamp(kept);
    const env = { ...environment(), LIBTENSORFLOW_DIR: kept };
    expect(await getLibtensorflow(env)).toMatchObject({ trust: 'stamped', name: `${TENSORFLOW_VERSION} (CPU)` });
    expect(await readdir(cache())).toEqual(['libtensorflow']);
  });

  it('is known by the stamp of set-up that stripped it for an image, until a byte of it differs', async () => {
    const kept = join(folder, 'kept');
    await mkdir(join(kept, 'include'), { recursive: true });
    const names = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
    const compile = ['-g', '-shared', '-fPIC', '-nostdlib', '-x', 'c', '-', '-o'];
    for (const name of names) {
      execFileSync('cc', [...compile, join(kept, name)], {
        input: 'static int hidden(void) { return 1; } int shown(void) { return hidden(); }',
      });
    }
    await symlink('libtensorflow_cc.so.2', join(kept, 'libtensorflow.so.2'));
    const library = { folder: kept, include: join(kept, 'include'), name: '9.9 (CPU)', trust: 'stamped' } as const;
    await copyStripped(library, named());

    const [whole, stripped] = await Promise.all([kept, named()].map((place) => readFile(join(place, names[0] ?? ''))));
    expect(whole?.includes('hidden')).toBe(true);
    expect(stripped?.includes('hidden')).toBe(false);
    expect(stripped?.includes('shown')).toBe(true);
    const stamped = { trust: 'stamped', name: '9.9 (CPU), from LIBTENSORFLOW_DIR', include: join(named(), 'include') };
    expect(await getLibtensorflow(environment())).toMatchObject(stamped);
    expect(await findLibtensorflow(environment())).toMatchObject(stamped);
    // As in an image, whose files have the times of its layer.
    await utimes(join(named(), names[0] ?? ''), 1, 1);
    expect(await getLibtensorflow(environment())).toMatchObject(stamped);

    await writeFile(join(named(), names[1] ?? ''), FRAMEWORK);
    expect(await getLibtensorflow(environment())).toMatchObject({ trust: 'unknown' });
  });

  const damages: [what: string, library: Buffer, complaint: RegExp][] = [
    ['is cut in its body', LIBRARY.subarray(0, -1), /cut short: expected at least 129 bytes, got 128/u],
    ['is cut in its header', LIBRARY.subarray(0, 40), /not a 64-bit ELF file/u],
    ['is empty', Buffer.alloc(0), /not a 64-bit ELF file/u],
    ['is a page that a server sent instead', Buffer.from('<html>'.repeat(99)), /not a 64-bit ELF file/u],
    ['is a program', sharedLibrary({ type: 2 }), /not a shared library/u],
    ['is made for ARM', sharedLibrary({ processor: 183 }), /another processor/u],
  ];
  it.each(damages)('is refused with a code when it %s', async (_what, library, complaint) => {
    await give({ library });
    const refusal = expect.objectContaining({ code: 'TENSORFLOW_MISSING', message: expect.stringMatching(complaint) });
    await expect(getLibtensorflow(environment())).rejects.toEqual(refusal);
    await expect(findLibtensorflow(environment())).rejects.toEqual(refusal);
  });

  it('is refused with a code when there is none, whatever the cache holds', async () => {
    await expect(getLibtensorflow(environment())).rejects.toMatchObject({
      code: 'TENSORFLOW_MISSING',
      message: expect.stringMatching(/given, which holds no libtensorflow/u),
    });
  });
});

describe('what people are told of a library that LIBTENSORFLOW_DIR names', () => {
  const setUp = () => {
    const env = { ...process.env, ...environment() };
    return spawnSync(process.execPath, [join(repository, 'tools/setup/setup.mjs')], { env, encoding: 'utf8' });
  };
  const finding = async () =>
    (await probeEnvironment(repository, environment())).find(({ name }) => name === 'TensorFlow library');

  it('is by set-up the error with its code, the file and what is wrong', async () => {
    await give();
    await truncate(join(named(), 'libtensorflow.so.2'), 125);
    const { status, stderr } = setUp();
    expect(stderr).toMatch(/error TENSORFLOW_MISSING: .*given\/libtensorflow\.so\.2.*cut short/u);
    expect(status).toBe(1);
    expect(await finding()).toMatchObject({ found: false, value: expect.stringContaining('cut short') });
  });

  it('is by the probe that they vouch for a build that is not pinned', async () => {
    await give();
    expect(await finding()).toMatchObject({
      found: true,
      value: expect.stringMatching(new RegExp(`unknown build.*${sha256(LIBRARY)}.*you vouch for it`, 'u')),
    });
  });
});
