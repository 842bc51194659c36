import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort, temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash, bashOutput } from './support/docker.js';
import { ROOT } from './support/pages.js';

describe('a release', { timeout: 300_000 }, () => {
  let folder: string;
  let registry: ChildProcess;
  let host: string;
  let version: string;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    version = (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
    host = `127.0.0.1:${await freePort()}`;
    const settings = {
      version: 0.1,
      http: { addr: host },
      storage: { filesystem: { rootdirectory: join(folder, 'kept') } },
    };
    const file = join(folder, 'registry.json');
    await mkdir(join(folder, 'kept'));
    // JSON is YAML.
    await writeFile(file, JSON.stringify(settings));
    registry = spawn('docker-registry', ['serve', file], { stdio: 'ignore' });
    await until('the registry', () => answers(`http://${host}/v2/`), 30_000);
  }, 60_000);

  afterAll(async () => {
    registry.kill();
    await once(registry, 'exit');
    const made = [`ingest:${version}`, `ingest:${version}-amd64`, `training:${version}`, `blue-waters:${version}`];
    await bash(`docker image rm ${made.map((image) => `${host}/team/bluewaters-${image}`).join(' ')}`);
    await rm(folder, { recursive: true, force: true });
  });

  const release = (...options: string[]) =>
    bash(`node tools/release/release.mjs ${host}/team --out ${folder}/out ${options.join(' ')}`);

  /** What the bill of a released image lists. */
  async function purlsIn(name: string): Promise<string[]> {
    const bill = await readFile(join(folder, `out/bluewaters-${name}-${version}.cdx.json`), 'utf8');
    return (JSON.parse(bill) as { components: { purl: string }[] }).components.map(({ purl }) => purl);
  }

  /** A commit that may be pushed. */
  async function aTaggedClone(): Promise<string> {
    const clone = await mkdtemp(join(folder, 'clone-'));
    await bashOutput(
      `git clone --quiet . ${clone} && git -C ${clone} tag v${version} && ln -s ${ROOT}/node_modules ${clone}`,
    );
    // A clone does not ignore a link.
    await bashOutput(`echo /node_modules >> ${clone}/.git/info/exclude`);
    return clone;
  }

  const manifest = (reference: string, kind: string): Promise<Response> =>
    fetch(`http://${host}/v2/team/bluewaters-ingest/manifests/${reference}`, {
      headers: { Accept: `application/vnd.docker.distribution.${kind}+json` },
    });

  it('builds, checks and tags images, and writes down what they are', async () => {
    const { code, stdout, stderr } = await release('--only ingest');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('not pushed');
    const written = JSON.parse(await readFile(join(folder, `out/release-${version}.json`), 'utf8')) as object;
    const commit = await bashOutput('git rev-parse HEAD');
    const published = `${host}/team/bluewaters-ingest:${version}`;
    expect(written).toMatchObject({ version, commit, images: [{ name: 'ingest', published }] });
    const bill = await readFile(join(folder, `out/bluewaters-${version}.cdx.json`), 'utf8');
    expect(JSON.parse(bill)).toMatchObject({ bomFormat: 'CycloneDX' });
    const parts = [
      /^pkg:deb\/debian\/tini@/u,
      /^pkg:deb\/debian\/libc6@/u,
      /^pkg:generic\/node@\d/u,
      /^pkg:npm\/express@5/u,
    ];
    expect(await purlsIn('ingest')).toEqual(
      expect.arrayContaining(parts.map((purl) => expect.stringMatching(purl) as string)),
    );
  });

  it('writes down which TensorFlow is in an image, whatever its system', async () => {
    const { code, stderr } = await release('--only training', '--only blue-waters');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of ['training', 'blue-waters']) {
      const purl = expect.stringMatching(/^pkg:pypi\/tensorflow-cpu@\d/u) as string;
      expect(await purlsIn(name)).toContainEqual(purl);
    }
  });

  it('is pushed only of a commit that is tagged with the version, and can be pulled by its digest then', async () => {
    const refused = await release('--only ingest', '--push');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/expected (?:the tag v|nothing that is not committed)/u);
    const clone = await aTaggedClone();
    const options = `${host}/team --only ingest --out ${folder}/pushed --push`;
    const { code, stderr } = await bash(`node ${clone}/tools/release/release.mjs ${options}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const written = await readFile(join(folder, `pushed/release-${version}.json`), 'utf8');
    const { images } = JSON.parse(written) as { images: [{ digest: string }] };
    expect((await manifest(images[0].digest, 'manifest.v2')).status).toBe(200);
  });

  it('for a processor has its own name, and one for all processors by which a machine gets it', async () => {
    const clone = await aTaggedClone();
    const options = `${host}/team --only ingest --platform linux/amd64 --out ${folder}/platforms --push`;
    const { code, stderr } = await bash(`node ${clone}/tools/release/release.mjs ${options}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const written = await readFile(join(folder, `platforms/release-${version}.json`), 'utf8');
    const { images, lists } = JSON.parse(written) as Record<
      'images' | 'lists',
      [{ published: string; digest: string }]
    >;
    expect(images).toMatchObject([
      { platform: 'linux/amd64', published: `${host}/team/bluewaters-ingest:${version}-amd64` },
    ]);
    expect(lists).toMatchObject([{ published: `${host}/team/bluewaters-ingest:${version}` }]);
    const list = await (await manifest(version, 'manifest.list.v2')).json();
    const platform = { architecture: 'amd64', os: 'linux' };
    expect(list).toMatchObject({ manifests: [{ digest: images[0].digest, platform }] });
    expect((await manifest(lists[0].digest, 'manifest.list.v2')).status).toBe(200);
  });

  it.each([
    ['nowhere', 'expected REGISTRY/PROJECT'],
    ['ghcr.io/you --only cats', 'there is no image cats'],
    ['ghcr.io/you --platform linux/s390x', 'there is no platform linux/s390x'],
    ['ghcr.io/you --platform linux/arm64 --gpu', 'there is no TensorFlow for GPUs on linux/arm64'],
    ['ghcr.io/you --platform linux/arm64 --only blue-waters', 'there is no blue-waters for linux/arm64'],
  ])('of %s is refused in words', async (asked, words) => {
    const { code, stderr } = await bash(`node tools/release/release.mjs ${asked}`);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
  });
});
