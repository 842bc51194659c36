import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeTar, until, type TarMember } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findNodes } from '../machines/find-machine.js';
import { checkImage } from './check-image.js';
import type { ImageTree } from './image-tree.js';
import { withImage } from './open-image.js';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;
const zstd = (bytes: Buffer): Buffer =>
  spawnSync('zstd', ['--stdout', '--quiet', '--check'], { input: bytes, maxBuffer: 2 ** 30 }).stdout;

let folder: string;
let scratch: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
  scratch = join(folder, 'scratch');
  await mkdir(scratch);
  vi.stubEnv('TMPDIR', scratch);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  // Whatever became of an image, nothing of it is left.
  expect(await readdir(scratch)).toEqual([]);
  await rm(folder, { recursive: true });
});

const file = (name: string, text = name, mode = 0o644): TarMember => ({ name, bytes: Buffer.from(text), mode });
const link = (name: string, target: string, kind: 'hard' | 'symbolic' = 'symbolic'): TarMember => ({
  ...file(name, ''),
  link: { kind, target },
});
const directory = (name: string): TarMember => ({ ...file(name, ''), isFolder: true });

/** What `docker save` writes, of some layers. */
function saved(...layers: Buffer[]): Buffer {
  const names = layers.map((_, n) => `${n}/layer.tar`);
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['x:1'], Layers: names }]);
  return makeTar([...layers.map((bytes, n) => ({ name: names[n] ?? '', bytes })), file('manifest.json', manifest)]);
}

/**
 * An archive of an OCI layout, with an image for each architecture.
 *
 * @param damage What becomes of a blob on its way, after its digest was taken.
 */
function layout(
  images: Readonly<Record<string, readonly Buffer[]>>,
  damage = (bytes: Buffer): Buffer => bytes,
): Buffer {
  const blobs: TarMember[] = [];
  const blob = (bytes: Buffer): { digest: string; size: number } => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    blobs.push({ name: `blobs/sha256/${digest}`, bytes: damage(bytes) });
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (document: unknown): ReturnType<typeof blob> => blob(Buffer.from(JSON.stringify(document)));
  const manifests = Object.entries(images).map(([architecture, layers]) => ({
    ...json({ schemaVersion: 2, config: json({ architecture }), layers: layers.map(blob) }),
    platform: { architecture, os: 'linux' },
  }));
  const all = json({ schemaVersion: 2, manifests });
  const index = JSON.stringify({ schemaVersion: 2, manifests: [all] });
  return makeTar([...blobs, file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), file('index.json', index)]);
}

async function write(bytes: Buffer): Promise<string> {
  const path = join(folder, 'image.tar');
  await writeFile(path, bytes);
  return path;
}

async function opened<T>(bytes: Buffer, use: (tree: ImageTree) => Promise<T>, mostBytes = 2 ** 20): Promise<T> {
  return withImage(await write(bytes), { architecture: 'x86_64', mostBytes }, use);
}

/** Every file, and where it leads. */
const list = (bytes: Buffer, mostBytes?: number): Promise<string[]> =>
  opened(
    bytes,
    async (tree) => {
      const found: string[] = [];
      for await (const { path } of tree.files()) found.push(path);
      return found.sort();
    },
    mostBytes,
  );

const BASE = makeTar([
  directory('etc/'),
  file('etc/ld.so.conf', '/opt/lib\n'),
  directory('usr/'),
  directory('usr/lib/'),
  file('usr/lib/a'),
  file('usr/lib/b'),
  link('lib', 'usr/lib'),
  directory('var/'),
  file('var/old'),
]);

describe('an archive of an image', () => {
  it('is its layers one upon the other: added, replaced, taken away, and put where links of the image lead', async () => {
    const next = makeTar([file('lib/c'), file('usr/lib/.wh.a', ''), file('var/.wh..wh..opq', ''), file('var/new')]);
    expect(await list(saved(BASE, next))).toEqual(['/etc/ld.so.conf', '/usr/lib/b', '/usr/lib/c', '/var/new']);
  });

  it('keeps what a layer puts where it takes away what was below, in whatever order it says so', async () => {
    const next = makeTar([directory('var/'), file('var/new'), file('.wh.var', ''), file('usr/lib/b', 'other')]);
    expect(await list(saved(BASE, next))).toEqual(['/etc/ld.so.conf', '/usr/lib/a', '/usr/lib/b', '/var/new']);
  });

  it('has links that lead within it, hard ones too, and text that is read', async () => {
    const next = makeTar([link('up', '../../../etc'), link('usr/lib/again', 'lib/b', 'hard'), link('round', 'round')]);
    await opened(saved(BASE, next), async (tree) => {
      expect(await tree.resolve('/up/ld.so.conf')).toBe('/etc/ld.so.conf');
      expect(await tree.resolve('/lib/again')).toBe('/usr/lib/again');
      expect(await tree.resolve('/round')).toBeUndefined();
      expect(await tree.text('/up/ld.so.conf')).toBe('/opt/lib\n');
      expect(await tree.names('/lib')).toEqual(['a', 'again', 'b']);
    });
  });

  it.each<[string, (layers: Buffer[]) => Buffer]>([
    ['what docker save writes', (layers) => saved(...layers)],
    ['the same with gzip around it', (layers) => gzipSync(saved(...layers))],
    ['the same with gzip around each layer', (layers) => saved(...layers.map((layer) => gzipSync(layer)))],
    ['an OCI layout', (layers) => layout({ amd64: layers.map((layer) => gzipSync(layer)) })],
    ['one with images for several architectures', (layers) => layout({ arm64: [makeTar([])], amd64: layers })],
  ])('may be %s', async (_what, archive) => {
    const next = makeTar([file('usr/lib/.wh.a', '')]);
    expect(await list(archive([BASE, next]))).toEqual(['/etc/ld.so.conf', '/usr/lib/b', '/var/old']);
  });

  it.skipIf(!hasZstd)('may have zstd around its layers, or around all of it [needs the program zstd]', async () => {
    const layers = [BASE, makeTar([file('usr/lib/.wh.a', '')])];
    for (const archive of [layout({ amd64: layers.map(zstd) }), zstd(saved(...layers))]) {
      expect(await list(archive)).toEqual(['/etc/ld.so.conf', '/usr/lib/b', '/var/old']);
    }
  });

  it.skipIf(!hasZstd)(
    'is refused where a zstd frame in it is cut, damaged or a bomb, and none of its programs is left running [needs the program zstd]',
    async () => {
      const frame = zstd(BASE);
      const damaged = Buffer.from(frame);
      damaged.writeUInt8(damaged.readUInt8(frame.length - 1) ^ 1, frame.length - 1);
      const big = makeTar([file('a', 'x'.repeat(2_000_000))]);
      for (const [code, layer] of [
        ['ARCHIVE_TRUNCATED', frame.subarray(0, frame.length / 2)],
        // Nothing but its checksum is gone.
        ['ARCHIVE_TRUNCATED', frame.subarray(0, -2)],
        ['ARCHIVE_INVALID', damaged],
        ['ARCHIVE_INVALID', zstd(big)],
      ] as const) {
        await expect(list(layout({ amd64: [layer] }))).rejects.toMatchObject({ code });
      }
      const children = (): string => spawnSync('ps', ['--ppid', String(process.pid), '-o', 'comm=']).stdout.toString();
      await until('zstd is gone', () => !children().includes('zstd'));
    },
  );

  it('is refused by name where it has zstd layers and there is no program to read them', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const layer = Buffer.from('28b52ffd00', 'hex');
    await expect(list(layout({ amd64: [layer] }))).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  });

  it.each<[string, (bytes: Buffer) => boolean]>([
    ['layer', (bytes) => bytes.equals(BASE)],
    ['configuration', (bytes) => bytes.toString() === '{"architecture":"amd64"}'],
    ['manifest', (bytes) => bytes.includes('"layers"')],
    ['index', (bytes) => bytes.includes('"platform"')],
  ])(
    'is refused where its %s is not what the digest says, by what was expected and what came',
    async (_what, isMeant) => {
      let digests: { expected?: string; got?: string } = {};
      const damage = (bytes: Buffer): Buffer => {
        if (!isMeant(bytes)) return bytes;
        // One that parses, and has the size that it had.
        const other = Buffer.from(bytes);
        if (bytes.equals(BASE)) other.write('x', BASE.indexOf('/opt/lib'));
        else other.write(' {', 0);
        const digest = (of: Buffer): string => `sha256:${createHash('sha256').update(of).digest('hex')}`;
        digests = { expected: digest(bytes), got: `${digest(other)} of ${other.length} bytes` };
        return other;
      };
      const damaged = layout({ amd64: [BASE] }, damage);
      const error: unknown = await list(damaged).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'ARCHIVE_INVALID', details: digests });
      expect(error).toMatchObject({
        details: { file: expect.stringContaining(digests.expected?.slice(7) ?? '') as string },
      });
    },
  );

  it('of docker save is refused where a layer that is called by its digest has another', async () => {
    const name = `blobs/sha256/${createHash('sha256').update(BASE).digest('hex')}`;
    const archive = (bytes: Buffer): Buffer =>
      makeTar([{ name, bytes }, file('manifest.json', JSON.stringify([{ Layers: [name] }]))]);
    expect(await list(archive(BASE))).toContain('/usr/lib/a');
    await expect(list(archive(makeTar([file('other')])))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      details: { file: join(folder, 'image.tar', name), expected: name.replace('blobs/sha256/', 'sha256:') },
    });
  });

  it('may name a layer by a link to one that it holds, as old archives do', async () => {
    const manifest = file('manifest.json', '[{"Layers":["b/layer.tar"]}]');
    const archive = makeTar([{ ...file('a/layer.tar'), bytes: BASE }, link('b/layer.tar', '../a/layer.tar'), manifest]);
    expect(await list(archive)).toContain('/usr/lib/a');
  });

  it.each<[string, TarMember[]]>([
    ['a name that leads up', [file('../../escape')]],
    ['a name that leads up from within', [file('etc/../../escape')]],
    ['a whiteout of the folder above', [file('../.wh.escape', '')]],
    ['a hard link to a file outside', [link('passwd', '../../../etc/passwd', 'hard')]],
    ['a hard link to nothing', [link('passwd', '/etc/passwd', 'hard')]],
    ['a file where a folder is needed', [file('etc/ld.so.conf/within')]],
    ['a path without an end', [file('round/within'), link('round', 'round'), file('round/within')]],
  ])('with %s is refused, and nothing of it is left', async (_what, members) => {
    await expect(list(saved(BASE, makeTar(members)))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      details: { file: join(folder, 'image.tar/1/layer.tar') },
    });
  });

  it('writes nothing where a link of the image leads, though it is an absolute one', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    const program = file('way/program', `\x7fELF${'\0'.repeat(100)}`, 0o755);
    const layers = [makeTar([link('way', outside)]), makeTar([program])];
    expect(await list(saved(...layers))).toEqual([join(outside, 'program')]);
    expect(await readdir(outside)).toEqual([]);
  });

  it.each<[string, Buffer]>([
    ['as a whole', gzipSync(saved(makeTar([file('a', 'x'.repeat(100_000))])))],
    ['in a layer', saved(gzipSync(makeTar([file('a', 'x'.repeat(100_000))])))],
    ['in several layers together', saved(...[1, 2].map(() => gzipSync(makeTar([file('a', 'x'.repeat(40_000))]))))],
  ])('is refused that inflates beyond reason %s', async (_where, archive) => {
    await expect(list(archive, 60_000)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    expect((await list(archive, 1_000_000)).length).toBe(1);
  });

  const whole = gzipSync(BASE);
  it.each<[string, string, Buffer]>([
    ['that is cut', 'ARCHIVE_TRUNCATED', saved(BASE).subarray(0, 2_000)],
    ['with a layer that is cut', 'ARCHIVE_TRUNCATED', saved(BASE.subarray(0, 1_030))],
    ['with a compressed layer that is cut', 'ARCHIVE_TRUNCATED', saved(whole.subarray(0, -20))],
    ['with a compressed layer whose checksum is cut', 'ARCHIVE_TRUNCATED', saved(whole.subarray(0, -6))],
    ['that is no tar', 'ARCHIVE_INVALID', Buffer.alloc(2_000, 'x')],
    ['of pictures', 'ARCHIVE_INVALID', makeTar([file('n01440764.tar')])],
    ['without a layer that it names', 'ARCHIVE_INVALID', makeTar([file('manifest.json', '[{"Layers":["gone"]}]')])],
    ['with a manifest in another form', 'ARCHIVE_INVALID', makeTar([file('manifest.json', '{"Layers":7}')])],
    ['of two images', 'CONFIG_INVALID', makeTar([file('manifest.json', '[{"Layers":[]},{"Layers":[]}]')])],
    ['of images for others alone', 'CONFIG_INVALID', layout({ arm64: [BASE], s390x: [BASE] })],
  ])('%s is refused by a code: %s', async (_what, code, archive) => {
    await expect(list(archive)).rejects.toMatchObject({ code });
  });

  it('that is not there is said to be missing', async () => {
    const missing = withImage(join(folder, 'none.tar'), { architecture: 'x86_64' }, async () => 0);
    await expect(missing).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it('that holds the program of this test is found to hold it, and whose rights it counts on', async () => {
    const program = { name: 'usr/bin/node', bytes: Buffer.alloc(0), mode: 0o4755 };
    const findings = await checkImage(await write(saved(makeTar([program]))), await findNodes('bluewaters-xk'));
    expect(findings.find(({ what }) => what === 'setuid')).toMatchObject({ verdict: 'no', files: ['/usr/bin/node'] });
    expect(dirname(scratch)).toBe(folder);
  });
});
