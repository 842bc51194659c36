import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { publishFolder } from './cache.mjs';
import { fillFromWheels } from './libtensorflow.mjs';
import { isStamped } from './stamp.mjs';

const WRITE_ZIP = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for name, text in json.loads(sys.argv[2]).items():
        archive.writestr(name, text)
`;

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-wheels-'));
  await mkdir(join(folder, 'index'));
  vi.stubEnv('PIP_NO_INDEX', '1').stubEnv('PIP_FIND_LINKS', join(folder, 'index'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Puts a wheel of a few small members where pip looks for wheels. */
async function makeWheel(name: string, members: Record<string, string>) {
  const start = `${name}-1.0`;
  const facts = {
    [`${start}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    [`${start}.dist-info/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-manylinux2014_x86_64\n',
    [`${start}.dist-info/RECORD`]: '',
  };
  const file = join(folder, 'index', `${start}-py3-none-manylinux2014_x86_64.whl`);
  execFileSync('python3', ['-c', WRITE_ZIP, file, JSON.stringify({ ...members, ...facts })]);
  return {
    requirement: `${name}==1.0`,
    platform: 'manylinux2014_x86_64',
    megabytes: 1,
    sha256: sha256(await readFile(file)),
  };
}

const LIBRARIES = { 'libtensorflow_cc.so.2': 'the library', 'libtensorflow_framework.so.2': 'its companion' };

/** As wheels for arm64 bring it along. */
const OPENMP = 'what the libraries open';

async function makeBuild() {
  const within = Object.entries(LIBRARIES).map(([name, text]) => [`tensorflow/${name}`, text]);
  return {
    wheel: await makeWheel('fake_tensorflow', {
      ...Object.fromEntries(within),
      'tensorflow/include/tensorflow/c/c_api.h': 'a header',
      'tensorflow/include/Eigen/Core': 'not asked for',
      'tensorflow/python/keras.py': 'not asked for',
      'tensorflow.libs/libomp-1.so.5': OPENMP,
    }),
    companions: [
      await makeWheel('fake_cudnn', {
        'nvidia/cudnn/lib/libcudnn.so.9': 'a library of NVIDIA',
        'nvidia/cudnn/include/cudnn.h': 'not asked for',
      }),
    ],
    libraries: Object.fromEntries(Object.entries(LIBRARIES).map(([name, text]) => [name, sha256(text)])),
    beside: { 'libomp-1.so.5': sha256(OPENMP) },
  };
}

type Build = Awaited<ReturnType<typeof makeBuild>>;

const target = () => join(folder, 'cache', 'build');
const publish = (build: Build) =>
  publishFolder(
    target(),
    (partial) => fillFromWheels(partial, 'gpu', build),
    () => isStamped(target()),
  );

describe('wheels of TensorFlow', () => {
  it('give the libraries, the C headers and the links, all in one folder, and nothing more', async () => {
    await publish(await makeBuild());
    expect(await isStamped(target(), { thorough: true })).toBe(true);
    const links = ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow_framework.so'];
    const files = [...Object.keys(LIBRARIES), 'libcudnn.so.9', 'libomp-1.so.5', 'bluewaters-stamp.json', 'include'];
    expect(await readdir(target())).toEqual([...links, ...files].sort());
    expect(await readdir(join(target(), 'include'), { recursive: true })).toEqual([
      'tensorflow',
      'tensorflow/c',
      'tensorflow/c/c_api.h',
    ]);
    expect(await readlink(join(target(), 'libtensorflow.so.2'))).toBe('libtensorflow_cc.so.2');
    expect((await lstat(join(target(), 'libtensorflow_cc.so.2'))).isFile()).toBe(true);
  });

  it.each([
    ['the wheel', (build: Build) => ({ ...build, wheel: { ...build.wheel, sha256: sha256('other') } })],
    [
      'a companion',
      (build: Build) => ({ ...build, companions: build.companions.map((one) => ({ ...one, sha256: 'no' })) }),
    ],
    ['what is beside them', (build: Build) => ({ ...build, beside: { 'libomp-1.so.5': sha256('other') } })],
    ['a library', (build: Build) => ({ ...build, libraries: { 'libtensorflow_cc.so.2': sha256('other') } })],
  ])('leave nothing behind when the digest of %s is wrong', async (_what, change) => {
    const build = change(await makeBuild());
    await expect(publish(build)).rejects.toThrow(/expected SHA-256 .*, got/);
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  it('leave nothing behind when pip has no such wheel', async () => {
    const build = await makeBuild();
    const missing = { ...build, wheel: { ...build.wheel, requirement: 'fake_tensorflow==2.0' } };
    await expect(publish(missing)).rejects.toThrow('pip could not fetch fake_tensorflow==2.0');
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });
});
