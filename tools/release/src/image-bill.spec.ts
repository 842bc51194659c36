import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TENSORFLOW_BUILDS, tensorflowName, TENSORFLOW_VERSION } from '../../setup/src/pins.mjs';
import { writeStamp } from '../../setup/src/stamp.mjs';
import { billOfMaterials } from './bill.mjs';
import { billOfImage, systemPackages } from './image-bill.mjs';

/** As dpkg writes it: fields of several lines, sources with and without a version, and what was removed again. */
const STATUS = `Package: tini
Status: install ok installed
Priority: optional
Section: utils
Maintainer: Debian Ökosystem <someone@debian.example>
Architecture: amd64
Version: 0.19.0-1
Depends: libc6 (>= 2.34)
Description: tiny but valid init
 Runs as the first process.
 Package: none, and Status: install ok installed

Package: libstdc++6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+deb12u1
Conffiles:
 /etc/a 0123456789

Package: passwd
Status: hold ok installed
Architecture: amd64
Source: shadow
Version: 1:4.13+dfsg1-1


Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0
`;
const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nID=debian\n';
const UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="16.04"\n';

describe('packages of a system', () => {
  const purls = (release: string): string[] => systemPackages(STATUS, release).map(({ purl }) => purl);

  it('are those that are installed, with version, processor, release and source', () => {
    expect(purls(DEBIAN)).toEqual([
      'pkg:deb/debian/tini@0.19.0-1?arch=amd64&distro=debian-12',
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12',
      'pkg:deb/debian/passwd@1%3A4.13%2Bdfsg1-1?arch=amd64&distro=debian-12&upstream=shadow',
    ]);
  });

  it('are of Ubuntu where the image is', () => {
    expect(purls(UBUNTU)[0]).toBe('pkg:deb/ubuntu/tini@0.19.0-1?arch=amd64&distro=ubuntu-16.04');
  });

  it('cannot be listed without a word on the system', () => {
    expect(() => systemPackages(STATUS, 'NAME="None"\n')).toThrow('expected ID in /etc/os-release');
    expect(() => systemPackages('', DEBIAN)).toThrow('expected packages');
  });
});

describe('the bill of an image', () => {
  let root: string;
  let bill: ReturnType<typeof billOfMaterials>;

  /** Writes a file of the image. */
  async function write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  const writePackage = (folder: string, name: string, version: string): Promise<void> =>
    write(`opt/bluewaters/${folder}/package.json`, JSON.stringify({ name, version }));

  beforeAll(async () => {
    bill = billOfMaterials(fileURLToPath(new URL('../../..', import.meta.url)));
    root = await temporaryDirectory();
    await write('etc/os-release', DEBIAN);
    await write('var/lib/dpkg/status', STATUS);
    await writePackage('services/ingest', '@bluewaters/ingest', '0.1.0');
    await writePackage('node_modules/express', 'express', '5.1.0');
    // What only says how a folder's files are to be read is no package.
    await write('opt/bluewaters/node_modules/express/lib/package.json', '{"type":"commonjs"}');
    await writePackage('node_modules/express/node_modules/@scope/odd', '@scope/odd', '9.9.9');
    await mkdir(join(root, 'opt/bluewaters/node_modules/@bluewaters'));
    await symlink('../../services/ingest', join(root, 'opt/bluewaters/node_modules/@bluewaters/ingest'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const inside = (): Parameters<typeof billOfImage>[2] => {
    const script = fileURLToPath(new URL('look-inside.cjs', import.meta.url));
    return JSON.parse(execFileSync(process.execPath, [script, root], { encoding: 'utf8' })) as never;
  };
  /** The build for GPUs is for this processor alone. */
  const onX64 = (): ReturnType<typeof inside> => {
    const found = inside();
    return { ...found, tensorflow: { ...found.tensorflow!, processor: 'x64' } };
  };
  const IMAGE = { published: 'a.registry:5000/team/bluewaters-ingest:0.1.0' };

  it('names its system’s packages, its Node.js, and the packages of npm that are in it and no others', () => {
    const { components, metadata, dependencies } = billOfImage(bill, IMAGE, inside());
    const npm = components.filter(({ purl }) => purl.startsWith('pkg:npm/')).map((one) => one['bom-ref']);
    expect(npm).toEqual(['@bluewaters/ingest@0.1.0', '@scope/odd@9.9.9', 'express@5.1.0']);
    const others = components.filter(({ purl }) => !purl.startsWith('pkg:npm/')).map(({ purl }) => purl);
    const system = systemPackages(STATUS, DEBIAN).map(({ purl }) => purl);
    expect(others).toEqual([...system, `pkg:generic/node@${process.versions.node}`]);
    expect(metadata.component).toMatchObject({ type: 'container', version: '0.1.0' });
    expect(components.find(({ name }) => name === 'express')).toHaveProperty('licenses');
    const refs = new Set([IMAGE.published, ...components.map((one) => one['bom-ref'])]);
    expect(refs.size).toBe(components.length + 1);
    expect(dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref))).toEqual(
      [],
    );
  });

  describe('with TensorFlow, as set-up leaves it for images', () => {
    const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
    const stamped = (name: string): Promise<void> => writeStamp(join(root, 'opt/tensorflow'), name);

    beforeEach(async () => {
      for (const library of LIBRARIES) await write(`opt/tensorflow/${library}`, `${library}, without symbols`);
    });
    afterEach(() => rm(join(root, 'opt/tensorflow'), { recursive: true }));

    it.each(['cpu', 'gpu'] as const)('names the build for the %s that it was made of', async (variant) => {
      await stamped(tensorflowName(TENSORFLOW_VERSION, variant));
      const { wheel, companions } = TENSORFLOW_BUILDS[variant];
      const { components } = billOfImage(bill, IMAGE, onX64());
      const purls = components.map(({ purl }) => purl).filter((purl) => purl.startsWith('pkg:pypi/'));
      expect(purls).toEqual(
        [wheel, ...companions].map(({ requirement }) => `pkg:pypi/${requirement.replace('==', '@')}`),
      );
    });

    it('is refused where the build is not pinned, where nothing says which it was, and where a byte is another', async () => {
      expect(() => billOfImage(bill, IMAGE, inside())).toThrow('expected a TensorFlow that is pinned, got no stamp');
      await stamped('2.9.1 (CPU)');
      expect(() => billOfImage(bill, IMAGE, inside())).toThrow('a TensorFlow that is pinned, got 2.9.1 (CPU)');
      await stamped(tensorflowName(TENSORFLOW_VERSION, 'cpu'));
      await write('opt/tensorflow/libtensorflow_framework.so.2', 'libtensorflow_framework.so.2, without symbolz');
      expect(() => billOfImage(bill, IMAGE, inside())).toThrow(
        /what set-up left, got another libtensorflow_framework/u,
      );
    });
  });

  it('says under which digest the image was pushed', () => {
    const { metadata } = billOfImage(bill, { ...IMAGE, digest: 'sha256:ab' }, inside());
    expect(metadata.component.purl).toBe(
      'pkg:oci/bluewaters-ingest@sha256%3Aab?repository_url=a.registry:5000/team/bluewaters-ingest&tag=0.1.0',
    );
  });
});
