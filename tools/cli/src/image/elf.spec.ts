import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isCodedError } from '@bluewaters/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTools } from './compiled.fixture.js';
import { readElf, type Elf } from './elf.js';

const run = promisify(execFile);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bw-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Programs of this machine that are no scripts. */
async function programsHere(): Promise<string[]> {
  const names = (await readdir('/usr/bin')).slice(0, 400);
  const found = await Promise.all(names.map((name) => realpath(join('/usr/bin', name)).catch(() => '')));
  const files = await Promise.all(found.map(async (path) => (path && (await stat(path)).isFile() ? [path] : [])));
  return [...new Set(files.flat())];
}

async function beginning(path: string): Promise<string> {
  const file = await open(path);
  return file
    .read(Buffer.alloc(4))
    .then(({ buffer }) => buffer.toString('latin1'))
    .finally(() => file.close());
}

describe('an ELF file', { timeout: 60_000 }, () => {
  it('of every program of this machine is read, and no script is taken for one', async () => {
    const read: Elf[] = [];
    for (const path of await programsHere()) {
      const elf = await readElf(path);
      expect([path, elf !== undefined]).toEqual([path, (await beginning(path)) === '\x7fELF']);
      if (elf) read.push(elf);
    }
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter(({ needed }) => needed.includes('libc.so.6')).length).toBeGreaterThan(10);
  });

  it('of the Node.js that runs here needs versions of the C library by name', async () => {
    const { needed, needs, interpreter } = (await readElf(process.execPath)) ?? {};
    expect(needed).toContain('libc.so.6');
    expect(interpreter).toMatch(/^\/lib/u);
    expect(needs?.find(({ library }) => library === 'libc.so.6')?.versions).toContain('GLIBC_2.2.5');
  });

  it.skipIf(!hasTools('cc', 'readelf'))('is read as readelf reads it [needs a C compiler and binutils]', async () => {
    const few = (await programsHere()).slice(0, 25);
    const { stdout: libc } = await run('cc', ['-print-file-name=libc.so.6']);
    for (const path of [...few, await realpath(libc.trim())]) {
      const elf = await readElf(path);
      if (!elf) continue;
      const { stdout } = await run('readelf', ['-W', '-d', '-V', '-n', '-l', path], { maxBuffer: 1 << 26 });
      const all = (pattern: RegExp): string[] => [...stdout.matchAll(pattern)].map(([, text = '']) => text);
      expect(elf.needed).toEqual(all(/\(NEEDED\) +Shared library: \[(.*)\]/gu));
      expect(elf.interpreter ?? '').toBe(all(/program interpreter: (.*)\]/gu)[0] ?? '');
      expect(elf.kernel ?? '').toBe(all(/OS: Linux, ABI: ([\d.]+)/gu)[0] ?? '');
      expect(elf.needs.flatMap(({ versions }) => versions)).toEqual(
        all(/^ +0x[0-9a-f]+: +Name: (\S+) +Flags: none/gmu),
      );
      const defined = stdout.split('Version definition section')[1]?.split('Version needs section')[0] ?? '';
      expect(elf.defines).toEqual([...defined.matchAll(/Cnt: \d+ +Name: (\S+)/gu)].map(([, name = '']) => name));
    }
  });

  it.skipIf(!hasTools('cc', 'readelf'))(
    'that is cut short or altered anywhere is refused by code, or read [needs a C compiler]',
    async () => {
      const [source, program] = [join(folder, 'hello.c'), join(folder, 'hello')];
      await writeFile(source, '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n');
      await run('cc', ['-o', program, source]);
      const bytes = await readFile(program);
      const damaged = join(folder, 'damaged');
      const outcome = async (content: Buffer): Promise<string> => {
        await writeFile(damaged, content);
        return readElf(damaged).then(
          (elf) => (elf ? 'read' : 'no ELF'),
          (error: unknown) => (isCodedError(error, 'PROGRAM_INVALID') ? 'refused' : String(error)),
        );
      };
      const outcomes = new Map<string, number>();
      const count = (what: string): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
      for (let length = 0; length < bytes.length; length += 97) count(await outcome(bytes.subarray(0, length)));
      for (let n = 0; n < 600; n += 1) {
        const altered = Buffer.from(bytes);
        // The header, the segments, and then all the rest; each with a byte that makes numbers large.
        altered[n < 400 ? n : (n * 7919) % bytes.length] = n % 2 === 0 ? 0xff : (n * 31) % 256;
        count(await outcome(altered));
      }
      expect([...outcomes.keys()].sort()).toEqual(['no ELF', 'read', 'refused']);
      expect(outcomes.get('refused')).toBeGreaterThan(50);
    },
  );

  it.skipIf(!hasTools('cc', 'readelf'))(
    'that is damaged names file, offset, what was expected and what was there [needs a C compiler]',
    async () => {
      const short = join(folder, 'short');
      await writeFile(short, (await readFile(join(folder, 'hello'))).subarray(0, 2_000));
      const details = {
        ...{ file: '/app/short', offset: expect.any(Number) as number },
        ...{ expected: expect.stringMatching(/bytes/u) as string, got: 'a file of 2000' },
      };
      await expect(readElf(short, '/app/short')).rejects.toMatchObject({ code: 'PROGRAM_INVALID', details });
    },
  );
});
