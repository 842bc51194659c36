import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeTar } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNodes, type FoundNodes } from '../machines/find-machine.js';
import type { NodeType } from '../machines/machine.js';
import { checkImage, nodesToCheck } from './check-image.js';
import { compileC, hasTools, nodesBut } from './compiled.fixture.js';
import { readElf } from './elf.js';
import { worst, type ImageFinding } from './image-finding.js';

const run = promisify(execFile);

describe.skipIf(!hasTools('cc'))('an image [needs a C compiler]', { timeout: 60_000 }, () => {
  let folder: string;
  let root: string;
  let xk: FoundNodes;

  /** An image of one program, its loader and its C library. */
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bw-'));
    root = join(folder, 'image');
    await compile('app/hello', 'int main(void) { return 0; }');
    const { interpreter = '', needed = [] } = (await readElf(join(root, 'app/hello'))) ?? {};
    await put(interpreter, await realpath(interpreter));
    for (const name of needed) await put(join(dirname(interpreter), name), await libraryHere(name));
    xk = await findNodes('bluewaters-xk');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const inImage = async (path: string): Promise<string> => {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    return file;
  };

  const put = async (path: string, from: string): Promise<void> => copyFile(from, await inImage(path));

  async function libraryHere(name: string): Promise<string> {
    return realpath((await run('cc', [`-print-file-name=${name}`])).stdout.trim());
  }

  const shared = (name: string): string[] => ['-shared', '-fPIC', `-Wl,-soname,${name}`];

  const compile = (path: string, source: string, ...options: string[]): Promise<string> =>
    compileC({ folder, file: join(root, path) }, source, ...options);

  /** Nodes as they are on Blue Waters, but for this. */
  const nodesWith = (system: NodeType['system']): FoundNodes => nodesBut(xk, system);
  const newer = (): FoundNodes => nodesWith({ kernel: '6.1.0' });

  const verdicts = (findings: readonly ImageFinding[], what: string): string[] =>
    findings.filter((finding) => finding.what === what).map(({ verdict }) => verdict);

  it('runs on this computer, and on one as Blue Waters was its C library is for newer kernels', async () => {
    const here = await checkImage(root, await nodesToCheck('local'));
    expect(here.filter(({ verdict }) => verdict === 'no')).toEqual([]);
    const there = await checkImage(root, xk);
    expect(there.filter(({ verdict }) => verdict === 'no')).toMatchObject([
      { what: 'kernel', why: expect.stringMatching(/Linux 3\.2\.0 is wanted, bluewaters-xk has 3\.0\.101/u) as string },
    ]);
    expect(worst(await checkImage(root, newer()))).toBe('unproven');
  });

  /** Takes the place of the C library. */
  async function olderLibc(): Promise<void> {
    const libc = join(root, dirname((await readElf(join(root, 'app/hello')))?.interpreter ?? ''), 'libc.so.6');
    await writeFile(join(folder, 'old.map'), 'GLIBC_2.2.5 { global: *; };\n');
    const options = ['-shared', '-nostdlib', '-Wl,-soname,libc.so.6', `-Wl,--version-script=${folder}/old.map`];
    await compile(libc.slice(root.length), 'int old(void) { return 0; }', ...options);
  }

  it('is refused when a program wants a version that its C library has not', async () => {
    await olderLibc();
    const findings = await checkImage(root, newer());
    expect(findings.find(({ what }) => what === 'versions')).toMatchObject({
      ...{ verdict: 'no', files: ['/app/hello'] },
      why: expect.stringMatching(/not in the image: GLIBC_2\.\d+ of libc\.so\.6; .* the image has 2\.2\.5/u) as string,
    });
  });

  it('is refused when a program wants a version of C++’s library that the image’s has not', async () => {
    const library = async (version: string): Promise<string> => {
      await writeFile(join(folder, 'cxx.map'), `GLIBCXX_${version} { global: *; };\n`);
      const options = [...shared('libstdc++.so.6'), `-Wl,--version-script=${folder}/cxx.map`];
      return compile('usr/lib/libstdc++.so.6', 'int sort(void) { return 0; }', ...options);
    };
    await compile('app/sorts', 'int sort(void); int main(void) { return sort(); }', await library('3.4.30'));
    expect(verdicts(await checkImage(root, newer()), 'versions')).toEqual(['runs']);
    await library('3.4.21');
    expect((await checkImage(root, newer())).find(({ what }) => what === 'versions')).toMatchObject({
      ...{ verdict: 'no', files: ['/app/sorts'] },
      why: expect.stringMatching(
        /: GLIBCXX_3\.4\.30 of libstdc\+\+\.so\.6; .*GLIBCXX_3\.4\.30 is wanted at most, the image has 3\.4\.21/u,
      ) as string,
    });
  });

  it('is refused without a library of a program, and not without one that only a plugin wants', async () => {
    const gone = await compile('lib/libgone.so', 'int gone(void) { return 0; }', ...shared('libgone.so'));
    const call = 'int gone(void); int main(void) { return gone(); }';
    await compile('app/calls', call, `-L${dirname(gone)}`, '-lgone');
    expect(verdicts(await checkImage(root, newer()), 'libgone.so')).toEqual([]);
    await mkdir(join(root, 'opt'));
    await copyFile(gone, join(root, 'opt/libgone.so'));
    await rm(gone);
    expect(verdicts(await checkImage(root, newer()), 'libgone.so')).toEqual(['unproven']);
    await compile(
      'app/plugin.so',
      'int gone(void); int run(void) { return gone(); }',
      '-shared',
      '-fPIC',
      `-L${root}/opt`,
      '-lgone',
    );
    await rm(join(root, 'opt/libgone.so'));
    expect(await checkImage(root, newer())).toContainEqual(
      expect.objectContaining({ what: 'libgone.so', verdict: 'no', files: ['/app/calls'] }),
    );
    await rm(join(root, 'app/calls'));
    expect(verdicts(await checkImage(root, newer()), 'libgone.so')).toEqual(['unproven']);
  });

  it('finds libraries as its own loader would: by paths of programs, by its configuration, by links within it', async () => {
    const own = await compile('srv/own/libown.so', 'int own(void) { return 0; }', ...shared('libown.so'));
    const call = 'int own(void); int main(void) { return own(); }';
    const link = [`-L${dirname(own)}`, '-lown'];
    await compile('srv/app/calls', call, ...link, '-Wl,-rpath,$ORIGIN/../own');
    const missing = async (): Promise<string[]> => verdicts(await checkImage(root, newer()), 'libown.so');
    expect(await missing()).toEqual([]);
    await compile('srv/app/calls', call, ...link);
    expect(await missing()).toEqual(['unproven']);
    await mkdir(join(root, 'etc/ld.so.conf.d'), { recursive: true });
    await writeFile(join(root, 'etc/ld.so.conf'), 'include /etc/ld.so.conf.d/*.conf\n');
    await writeFile(join(root, 'etc/ld.so.conf.d/own.conf'), '# ours\n/usr/own\n');
    await mkdir(join(root, 'usr'), { recursive: true });
    await symlink('/srv/own', join(root, 'usr/own'));
    expect(await missing()).toEqual([]);
  });

  it('is not looked at beyond its root, whatever its links say', async () => {
    const { interpreter = '' } = (await readElf(join(root, 'app/hello'))) ?? {};
    await rm(join(root, interpreter));
    // From the root of an image this leads into it again, where the loader is not.
    await symlink(`../../../../../../..${interpreter}`, join(root, interpreter));
    expect(verdicts(await checkImage(root, newer()), 'loader')).toEqual(['no']);
  });

  it('is refused with a file that runs with its owner’s rights, where a site starts the container', async () => {
    await chmod(join(root, 'app/hello'), 0o4755);
    const setId = (await checkImage(root, newer())).find(({ what }) => what === 'setuid');
    expect(setId).toMatchObject({ verdict: 'no', files: ['/app/hello'] });
    expect(verdicts(await checkImage(root, await nodesToCheck('local')), 'setuid')).toEqual([]);
  });

  it('is refused when it is for another processor', async () => {
    const features = ['avx', 'fma4'];
    const options = ['-Wl,-z,x86-64-v3'];
    await compile('app/wide', 'int main(void) { return 0; }', ...options);
    const there = await checkImage(root, nodesWith({ kernel: '6.1.0', cpuFeatures: features }));
    expect(there.find(({ what }) => what === 'processor')).toMatchObject({ verdict: 'no', files: ['/app/wide'] });
    const elsewhere = await checkImage(root, nodesWith({ kernel: '6.1.0', cpuFeatures: [...features, 'avx2'] }));
    expect(verdicts(elsewhere, 'processor')).toEqual(['runs']);
    expect(verdicts(await checkImage(root, nodesWith({ architecture: 'aarch64' })), 'architecture')).toEqual(['no']);
  });

  it.each([
    [['libmpi.so.12'], 'runs'],
    [['libmpich.so.12'], 'unproven'],
    [['libmpich.so.12', 'libmpi.so.12'], 'runs'],
    [[], 'unproven'],
  ])('with %j as its MPI is told what the site puts in its place: %s', async (names, verdict) => {
    for (const name of names) {
      await compile(`usr/lib/${name}`, 'int MPI_Init(void) { return 0; }', ...shared(name));
    }
    expect(verdicts(await checkImage(root, newer()), 'MPI')).toEqual([verdict]);
  });

  const isOfficial = process.release.headersUrl !== undefined;

  it.skipIf(!isOfficial)(
    'says of Node.js that nobody promises it on an old kernel [needs an official build]',
    async () => {
      await put('usr/bin/node', process.execPath);
      const [there] = (await checkImage(root, xk)).filter(({ what }) => what === 'Node.js');
      expect(there).toMatchObject({ verdict: 'unproven', files: ['/usr/bin/node'] });
      expect(there?.why).toContain(`Node.js ${process.versions.node} documents Linux 4.18 or newer`);
      expect(verdicts(await checkImage(root, newer()), 'Node.js')).toEqual(['runs']);
    },
  );

  /** A program with what Go writes into its own. */
  const goProgram = (version: string, settings = ''): Promise<string> => {
    const head = `\\377 Go buildinf:\\010\\002${'\\000'.repeat(16)}`;
    const text = `\\${version.length.toString(8).padStart(3, '0')}${version}\\040${settings}`;
    const info = `__attribute__((aligned(16))) char info[] = "${head}${text}";`;
    return compile('usr/bin/goes', `${info} int main(void) { return info[0]; }`);
  };

  it.each([
    ['go1.24.2', 'unproven', 'Go 1.24.2 documents Linux 3.2 or newer, bluewaters-xk has 3.0.101'],
    ['go1.23.9', 'runs', 'Go 1.23.9 documents Linux 2.6.32 or newer, bluewaters-xk has 3.0.101'],
  ])('is told what the release of %s says of an old kernel: %s', async (version, verdict, why) => {
    await goProgram(version);
    const findings = await checkImage(root, xk);
    expect(findings.filter(({ what }) => what === 'Go')).toEqual([
      { what: 'Go', verdict, why, files: ['/usr/bin/goes'] },
    ]);
    expect(verdicts(await checkImage(root, newer()), 'Go')).toEqual(['runs']);
    expect(verdicts(await checkImage(root, nodesWith({ kernel: undefined })), 'Go')).toEqual(['unproven']);
  });

  it('is refused with a program that Go built for a higher level of processors', async () => {
    await goProgram('go1.22.4', '\\nbuild\\tGOAMD64=v3\\n');
    const findings = await checkImage(root, newer());
    expect(findings.find(({ what }) => what === 'processor')).toMatchObject({
      verdict: 'no',
      files: ['/usr/bin/goes'],
    });
  });

  it.each([
    ['14.21.3', 'no', /16\.20 or newer is needed/u],
    ['16.20.2', 'runs', /ranks, shards and ordinary JPEGs .* have to be decoded are refused/u],
    ['18.20.8', 'unproven', /nobody has tried it/u],
    ['20.19.6', 'runs', /all of it is tested/u],
  ])('is told what of ours runs on its Node.js %s: %s', async (version, verdict, why) => {
    const headers = `https://nodejs.org/download/release/v${version}/node-v${version}-headers.tar.gz`;
    await compile('usr/bin/node', `const char *headers = "${headers}"; int main(void) { return headers[0]; }`);
    const found = (await checkImage(root, newer())).find(({ what }) => what === 'our programs');
    expect(found).toMatchObject({ verdict, why: expect.stringMatching(why) as string, files: ['/usr/bin/node'] });
  });

  it('is not refused for its codec of pictures, which is loaded only for some', async () => {
    const codec = 'app/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node';
    const source =
      'void *reallocarray(void *, unsigned long, unsigned long); void *f(void) { return reallocarray(0, 1, 1); }';
    await compile(codec, source, '-shared', '-fPIC');
    expect(verdicts(await checkImage(root, newer()), 'sharp')).toEqual(['runs']);
    await olderLibc();
    const findings = await checkImage(root, newer());
    expect(findings.find(({ what }) => what === 'sharp')).toMatchObject({
      ...{ verdict: 'unproven', files: [`/${codec}`] },
      why: expect.stringMatching(
        /GLIBC_2\.26 of libc\.so\.6; .*: pictures that have to be decoded are refused/u,
      ) as string,
    });
    expect(findings.find(({ what }) => what === 'versions')?.files).toEqual(['/app/hello']);
  });

  it('is judged by what docker save writes of it as by its files, and refused when a layer takes away a library', async () => {
    const archive = join(folder, 'image.tar');
    const files = (await run('tar', ['-c', '-C', root, '.'], { encoding: 'buffer', maxBuffer: 1 << 28 })).stdout;
    const save = (...layers: Buffer[]): Promise<void> => {
      const members = layers.map((bytes, n) => ({ name: `${n}.tar`, bytes }));
      const manifest = Buffer.from(JSON.stringify([{ Layers: members.map(({ name }) => name) }]));
      return writeFile(archive, makeTar([...members, { name: 'manifest.json', bytes: manifest }]));
    };
    await save(files);
    expect(await checkImage(archive, newer())).toEqual(await checkImage(root, newer()));
    const { interpreter = '' } = (await readElf(join(root, 'app/hello'))) ?? {};
    const whiteout = join(dirname(interpreter), '.wh.libc.so.6').slice(1);
    await save(files, makeTar([{ name: whiteout, bytes: Buffer.alloc(0) }]));
    expect(await checkImage(archive, newer())).toContainEqual(
      expect.objectContaining({ what: 'libc.so.6', verdict: 'no', files: ['/app/hello'] }),
    );
  });

  it('with a damaged program is refused by the place of the damage', async () => {
    const file = join(root, 'app/hello');
    await writeFile(file, (await readFile(file)).subarray(0, 4_000));
    const damaged = (await checkImage(root, newer())).find(({ what }) => what === 'damaged');
    expect(damaged).toMatchObject({ verdict: 'no', files: ['/app/hello'] });
    expect(damaged?.why).toMatch(/file \/app\/hello, offset \d+, expected \d+ bytes, got a file of 4000/u);
  });
});
