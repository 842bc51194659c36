import { createServer, type Server } from 'node:http';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_IMAGES } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whatCompilingLacks } from './addon.mjs';
import { findChromium } from './chromium.mjs';
import { addresses, dockerVersion, findImages, testImages } from './docker.mjs';
import { launchEnvironment } from './launch.mjs';
import { probeEnvironment } from './probe.mjs';
import { fitsReaders } from './readers.mjs';
import { findMinio, findNats } from './servers.mjs';

const repository = new URL('../../..', import.meta.url).pathname;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o755);
  return file;
}

describe('the environment of programs', () => {
  const library = { folder: '/libraries', include: undefined, name: 'any', trust: 'stamped' as const };

  it('gives libuv and TensorFlow what they read only once, and names the library', () => {
    expect(launchEnvironment({}, library)).toEqual({
      UV_THREADPOOL_SIZE: '16',
      TF_ENABLE_ONEDNN_OPTS: '1',
      TF_CPP_MIN_LOG_LEVEL: '2',
      LIBTENSORFLOW_DIR: '/libraries',
    });
  });

  it('keeps what the user has set', () => {
    const env = launchEnvironment({ UV_THREADPOOL_SIZE: '64', TF_ENABLE_ONEDNN_OPTS: '0', HOME: '/h' }, library);
    expect(env).toMatchObject({ UV_THREADPOOL_SIZE: '64', TF_ENABLE_ONEDNN_OPTS: '0', HOME: '/h' });
  });

  it('points XLA at the compiler that came with the GPU build', async () => {
    await mkdir(join(folder, 'nvidia/cuda_nvcc'), { recursive: true });
    expect(launchEnvironment({}, { ...library, folder })['XLA_FLAGS']).toContain(join(folder, 'nvidia/cuda_nvcc'));
  });
});

describe('the tfjs addon', () => {
  const library = { folder: '/libraries', include: '/libraries/include', name: 'any', trust: 'stamped' as const };

  it('needs a C++ compiler, make and headers, and says which is missing', async () => {
    expect(whatCompilingLacks(library, { PATH: folder })).toContain('apt-get install g++ make');
    await program('g++');
    expect(whatCompilingLacks(library, { PATH: folder })).toContain('apt-get install g++ make');
    await program('make');
    expect(whatCompilingLacks(library, { PATH: folder })).toBeUndefined();
    expect(whatCompilingLacks({ ...library, include: undefined }, { PATH: folder })).toContain('no headers');
  });
});

describe('programs that the environment names', () => {
  it('go before all others, and count as missing when they cannot be run', async () => {
    const [minio, chromium] = [await program('minio'), await program('chromium')];
    const env = { PATH: folder, BLUEWATERS_CACHE: folder };
    expect([await findMinio(env), findChromium(env)]).toEqual([minio, chromium]);
    const other = await program('other');
    expect(await findMinio({ ...env, BLUEWATERS_MINIO: other })).toBe(other);
    expect(await findNats({ ...env, BLUEWATERS_NATS_SERVER: '/nowhere' })).toBeUndefined();
    expect(await findMinio({ ...env, BLUEWATERS_MINIO: '/nowhere' })).toBeUndefined();
    expect(findChromium({ ...env, BLUEWATERS_CHROMIUM: '/nowhere' })).toBeUndefined();
  });
});

describe('Python readers', () => {
  it('fit the Pythons that the pinned TensorFlow has wheels for', () => {
    const fitting = ['2.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13'].filter(fitsReaders);
    expect(fitting).toEqual(['3.9', '3.10', '3.11', '3.12']);
  });
});

describe('the Docker engine', () => {
  let engine: Server;
  let present: string[] = [];
  let pullable: string[] = [];
  const env = () => ({ DOCKER_HOST: `unix://${folder}/docker.sock` });

  beforeEach(async () => {
    [present, pullable] = [['here:1'], ['there:1']];
    engine = createServer((request, answer) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
      const pulled = searchParams.get('fromImage');
      if (pulled !== null && pullable.includes(pulled)) present.push(pulled);
      const image = /^\/images\/(.*)\/json$/.exec(pathname)?.[1];
      const isKnown = image === undefined || present.includes(decodeURIComponent(image));
      const Labels = image?.startsWith('made') ? { 'bluewaters.stand-in': 'a key' } : null;
      answer.writeHead(isKnown ? 200 : 404).end(JSON.stringify({ Version: '20.10', Config: { Labels } }));
    });
    await new Promise<void>((resolve) => engine.listen(join(folder, 'docker.sock'), resolve));
  });
  afterEach(() => new Promise((resolve) => engine.close(resolve)));

  it('serves when it has the images or can pull them, and not when it can do neither', async () => {
    expect(await findImages(env(), { A: 'here:1' })).toEqual({ A: 'here:1' });
    expect(await findImages(env(), { A: 'here:1', B: 'there:1' })).toEqual({ A: 'here:1', B: 'there:1' });
    expect(await findImages(env(), { A: 'here:1', B: 'nowhere:1' })).toBeUndefined();
  });

  it('serves with stand-ins, which have no digest, and not with an image of the same tag that someone else made', async () => {
    present.push('made:1');
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await findImages(env(), { A: `made:1@${digest}` })).toEqual({ A: 'made:1' });
    expect(await findImages(env(), { A: `here:1@${digest}` })).toBeUndefined();
  });

  it('is asked for the image that a variable names in the place of ours', async () => {
    expect(await findImages({ ...env(), A: 'there:1' }, { A: 'nowhere:1' })).toEqual({ A: 'there:1' });
  });

  it('is missing where nobody listens', async () => {
    const nobody = { DOCKER_HOST: `unix://${folder}/other.sock` };
    expect([await dockerVersion(env()), await dockerVersion(nobody)]).toEqual(['20.10', undefined]);
    expect(await findImages(nobody, {})).toBeUndefined();
  });

  it('is looked for where DOCKER_HOST says, and nowhere else then', () => {
    expect(addresses({ DOCKER_HOST: 'tcp://10.0.0.1:2376' })).toEqual([{ host: '10.0.0.1', port: '2376' }]);
    expect(addresses({ DOCKER_HOST: 'unix:///run/d.sock' })).toEqual([{ socketPath: '/run/d.sock' }]);
    expect(addresses({ DOCKER_HOST: 'ssh://host' })).toEqual([]);
  });

  it('is asked for the images that libs/testing names', () => {
    expect(testImages(repository)).toEqual(SERVER_IMAGES);
    expect(Object.keys(SERVER_IMAGES)).toEqual(['NATS_IMAGE', 'MINIO_IMAGE', 'PROMETHEUS_IMAGE']);
  });
});

describe('the probes', () => {
  it('each have one name, and tell in a sentence how to get what is missing', async () => {
    const findings = await probeEnvironment(repository, {
      PATH: folder,
      BLUEWATERS_CACHE: folder,
      DOCKER_HOST: 'ssh://none',
    });
    expect(new Set(findings.map(({ name }) => name)).size).toBe(findings.length);
    for (const { how } of findings) expect(how).toMatch(/^[A-Z].*\.$/);
    const found = findings.filter((finding) => finding.found).map(({ name }) => name);
    expect(found).toContain('Node.js');
    for (const name of [
      'TensorFlow library',
      'NATS server',
      'MinIO server',
      'Docker engine',
      'Chromium',
      'C++ compiler',
    ]) {
      expect(found).not.toContain(name);
    }
  });

  it('find a NATS server on the path, as coordinators do, unless another one is named', async () => {
    const onPath = await program('nats-server');
    const nats = async (more: object) => {
      const findings = await probeEnvironment(repository, { PATH: folder, BLUEWATERS_CACHE: folder, ...more });
      return findings.find(({ name }) => name === 'NATS server');
    };
    expect(await nats({})).toMatchObject({ found: true, value: expect.stringContaining(onPath) as string });
    expect(await nats({ BLUEWATERS_NATS_SERVER: '/none' })).toMatchObject({ found: false });
  });
});
