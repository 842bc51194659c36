import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNodes, type FoundNodes } from '../machines/find-machine.js';
import { checkInstructions } from './check-instructions.js';
import { compileC, hasTools, nodesBut } from './compiled.fixture.js';
import type { ImageFinding } from './image-finding.js';
import { FolderTree } from './image-tree.js';
import { readImage } from './read-image.js';

const run = promisify(execFile);
const canCompile = hasTools('cc') && process.arch === 'x64';

/** Adds numbers, eight at a time where the compiler may. */
const ADD = 'void add(int *a, const int *b, int n) { for (int i = 0; i < n; i++) a[i] += b[i]; }\n';
const MAIN = 'int main(int n, char **v) { int a[64] = {0}, b[64] = {0}; add(a, b, n * 8); return a[n] + (v == 0); }\n';

describe.skipIf(!canCompile)('instructions of an image [needs a C compiler on x64]', { timeout: 60_000 }, () => {
  let folder: string;
  let root: string;
  let xk: FoundNodes;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bw-'));
    root = join(folder, 'image');
    xk = await findNodes('bluewaters-xk');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const compile = (path: string, source: string, ...options: string[]): Promise<string> =>
    compileC({ folder, file: join(root, path) }, source, '-O3', ...options);

  const check = async (nodes: FoundNodes = xk): Promise<ImageFinding | undefined> =>
    (await checkInstructions(await readImage(new FolderTree(root)), nodes))[0];

  const nodesWith = (system: FoundNodes['nodeType']['system']): FoundNodes => nodesBut(xk, system);

  it('that every machine has are those of an ordinary program', async () => {
    await compile('app/plain', ADD + MAIN);
    expect(await check()).toMatchObject({ what: 'instructions', verdict: 'runs', files: [] });
  });

  it('are unproven where the machine lacks them, nobody asks it, and no note says so', async () => {
    const file = await compile('app/wide', ADD + MAIN, '-mavx2');
    const found = await check();
    expect(found).toMatchObject({ verdict: 'unproven', files: ['/app/wide'] });
    const says = /^AVX2 at 0x([0-9a-f]+) of \/app\/wide, and nothing in that file asks .*: bluewaters-xk lacks it$/u;
    const [, at = ''] = says.exec(found?.why ?? '') ?? [];
    const range = [`--start-address=0x${at}`, `--stop-address=${parseInt(at, 16) + 8}`];
    const { stdout } = await run('objdump', ['-d', '--no-show-raw-insn', ...range, file]);
    expect(stdout).toMatch(new RegExp(`^ +${at}:\\s+v.*%[xy]mm`, 'mu'));
    expect(await check(nodesWith({ cpuFeatures: ['avx', 'avx2'] }))).toMatchObject({ verdict: 'runs' });
    expect((await check(nodesWith({ cpuFeatures: undefined })))?.why).toMatch(/what bluewaters-xk has is not known$/u);
  });

  it.each([
    ['-mavx', 'runs'],
    ['-mfma4', 'runs'],
    ['-mavx2', 'unproven'],
    ['-mbmi2', 'unproven'],
    ['-march=haswell', 'unproven'],
    ['-march=skylake-avx512', 'unproven'],
  ])('of a library that was compiled with %s are, on Interlagos: %s', async (option, verdict) => {
    const shift = 'long shift(long a, int n) { return a << n; }\n';
    await compile('usr/lib/libadd.so', ADD + shift, '-shared', '-fPIC', option);
    expect(await check()).toMatchObject({ verdict });
  });

  it('that were chosen for Interlagos are unproven on a machine of another maker', async () => {
    const scale = 'void scale(float *a, float b) { for (int i = 0; i < 64; i++) a[i] = a[i] * b + 1; }\n';
    await compile('usr/lib/libscale.so', scale, '-shared', '-fPIC', '-march=bdver1', '-ffast-math');
    expect(await check()).toMatchObject({ verdict: 'runs' });
    const intel = await check(nodesWith({ cpuFeatures: ['avx', 'avx2', 'fma', 'avx512f'] }));
    expect(intel).toMatchObject({ verdict: 'unproven', why: expect.stringMatching(/^FMA4 at /u) as string });
  });

  it('are no concern in a program that asks the processor before it takes them', async () => {
    const wide = ADD.replace('void add', '__attribute__((target("avx2"))) void wide');
    const chosen =
      'void any(int *a, const int *b, int n) { (__builtin_cpu_supports("avx2") ? wide : add)(a, b, n); }\n';
    await compile('app/chooses', wide + ADD + chosen + MAIN.replace('add(', 'any('));
    expect(await check()).toMatchObject({ verdict: 'runs', files: [] });
  });

  it('are no concern in a library that leaves the question to another by its name', async () => {
    const asks = 'int av_get_cpu_flags(void); int flags(void) { return av_get_cpu_flags(); }\n';
    await compile('usr/lib/libscale.so', ADD + asks, '-shared', '-fPIC', '-mavx2');
    expect(await check()).toMatchObject({ verdict: 'runs' });
  });

  it('are no concern where the loader chooses folders by processor, or the machine is of another kind', async () => {
    await compile('usr/lib/glibc-hwcaps/x86-64-v3/libadd.so', ADD, '-shared', '-fPIC', '-mavx2');
    expect(await check()).toMatchObject({ verdict: 'runs' });
    expect(await check(nodesWith({ architecture: 'aarch64' }))).toBeUndefined();
  });

  it('are not seen in tables between functions', async () => {
    await writeFile(
      join(folder, 'table'),
      Buffer.concat(Array.from({ length: 4_000 }, () => Buffer.from('c5f5efd006', 'hex'))),
    );
    await compile('app/tables', `__asm__(".text\\n.incbin \\"${folder}/table\\"\\n");\n${ADD}${MAIN}`);
    expect(await check()).toMatchObject({ verdict: 'runs' });
  });

  it('are found without a table of sections, too', async () => {
    const long = '__asm__(".rept 600\\n nop\\n .endr\\n");\n';
    const file = await compile('app/wide', long + ADD + MAIN, '-mavx2', '-fno-toplevel-reorder');
    const whole = await check();
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, 40, 48).fill(0, 58, 64));
    expect(await check()).toEqual(whole);
    expect(whole?.verdict).toBe('unproven');
  });

  it('of a program that is damaged anywhere are looked at, or the program is refused by code', async () => {
    const file = await compile('app/wide', ADD + MAIN, '-mavx2');
    const bytes = await readFile(file);
    const outcomes = new Set<string>();
    const sections = Number(bytes.readBigUInt64LE(40));
    for (let n = 0; n < 600; n += 1) {
      const altered = Buffer.from(bytes);
      const at = n < 64 ? n : n < 400 ? sections + n * 5 : (n * 7919) % bytes.length;
      altered[at] = n % 2 === 0 ? 0xff : (n * 31) % 256;
      await writeFile(file, altered);
      const found = await check().catch((error: unknown) => ({ verdict: String(error) }));
      outcomes.add(found?.verdict ?? 'none');
    }
    expect([...outcomes].sort()).toEqual(['runs', 'unproven']);
  });
});
