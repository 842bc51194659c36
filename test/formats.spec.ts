import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeOffsets, encodeOffsets } from '@bluewaters/records';
import { describe, expect, it } from 'vitest';
import { listFiles, readPage, ROOT, tableIn } from './support/pages.js';
import { fileOf, READ_AGAIN, SHA256, textOf } from './support/stored-formats.js';

/** Formats whose readers are inside of a package, or that do something else than to refuse: the spec that shows it. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  'bluewaters.lease.v1': 'services/training/src/lease.fixture.ts',
  'bluewaters.machine.v1': 'tools/cli/src/machines/machine.spec.ts',
  'bluewaters.mnist-archive.v1': 'tools/cli/src/mnist-archive.spec.ts',
};
/** For other programs: nothing of ours reads them. */
const ONLY_WRITTEN = ['bluewaters.confusion.v1'];
/** Not JSON: it begins with its format. */
const OFFSETS = 'BWOFFS01';

const ALL = [...Object.keys(READ_AGAIN), ...Object.keys(SHOWN_ELSEWHERE), ...ONLY_WRITTEN, OFFSETS].sort();

/** The sources that name a format, by its name. */
function formatsInSources(): Map<string, string[]> {
  const sources = listFiles()
    .filter((file) => /^(?:libs|services|tools|containers|pbs)\/.*\.(?:ts|[cm]?js|py)$/u.test(file))
    .filter((file) => !/\.(?:spec|fixture)\.\w+$/u.test(file));
  const found = new Map<string, string[]>();
  for (const file of sources) {
    const names = readFileSync(join(ROOT, file), 'utf8').matchAll(/['"`](bluewaters\.[\w-]+\.v\d+|BWOFFS\d\d)['"`]/gu);
    for (const [, name = ''] of names) found.set(name, [...(found.get(name) ?? []), file]);
  }
  return found;
}

describe('every format of the sources', () => {
  const inSources = formatsInSources();

  it('is shown here to be refused in another version, or said to be shown elsewhere', () => {
    expect([...inSources.keys()].sort()).toEqual(ALL);
  });

  it('is in the table of docs/architecture.md, with where it lies and what becomes of another version', () => {
    const rows = tableIn('docs/architecture.md', 'format').map(([cell = '', ...rest]) => {
      expect(rest.every((each) => each.length > 5)).toBe(true);
      return cell.replaceAll('`', '');
    });
    expect(rows.sort()).toEqual(ALL);
  });

  it('or that of another file says of which version it is: docs/architecture.md names all that lie in the store', () => {
    const [, section = ''] = readPage('docs/architecture.md').split('## Stored formats and their versions');
    const layout = readFileSync(join(ROOT, 'libs/records/src/layout.ts'), 'utf8');
    const names = [...layout.matchAll(/[\w}]+\.(?:jsonl?|offsets)`/gu)].map(([name]) => /[a-z-]*\.\w+/u.exec(name)![0]);
    expect(names).toContain('entry.json');
    expect(names.filter((name) => !section.split('\n## ')[0]!.includes(name))).toEqual([]);
  });

  it.each(Object.entries(SHOWN_ELSEWHERE))('such as %s has what becomes of a newer one in %s', (format, spec) => {
    expect(readFileSync(join(ROOT, spec), 'utf8')).toContain(format.replace(/\d+$/u, '2'));
  });

  it.each(ONLY_WRITTEN)('such as %s is named by its writer alone, if nothing reads it', (format) => {
    expect(inSources.get(format)).toHaveLength(1);
  });
});

describe.each(Object.entries(READ_AGAIN))('a file of the format %s', (format, { written, read, unversioned }) => {
  const reading = async (value: object): Promise<unknown> => read(textOf(value), await fileOf(format));
  const valid = async (): Promise<object> => JSON.parse(Buffer.from(await written()).toString()) as object;

  it('is read as it was written', async () => {
    const document = await valid();
    expect(document).toHaveProperty('format', format);
    expect(await reading(document)).toBeDefined();
  });

  it.each([
    [format.replace(/\d+$/u, '2'), /written by a newer version of Blue Waters ML: use that one/u],
    [format.replace(/\d+$/u, '11'), /written by a newer version of Blue Waters ML: use that one/u],
    [format.replace(/\d+$/u, '0'), /written by an older version of Blue Waters ML/u],
    ['bluewaters.unheard-of.v1', /a format that this version of Blue Waters ML does not know/u],
  ])('is refused by name when it says %s, whatever else is in it', async (got, message) => {
    const name = (await fileOf(format)).split('/').at(-1) as string;
    for (const value of [
      { ...(await valid()), format: got },
      { format: got, quite: ['different'] },
    ]) {
      await expect(reading(value)).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        message: expect.stringMatching(message) as string,
        details: { file: expect.stringContaining(name) as string, field: 'format', expected: format, got },
      });
    }
  });

  it(`is ${unversioned} when it says nothing of its format`, async () => {
    const document = { ...(await valid()), format: undefined };
    if (unversioned === 'version 1') expect(await reading(document)).toBeDefined();
    else await expect(reading(document)).rejects.toMatchObject({ code: unversioned });
  });
});

describe('the offsets of a shard', () => {
  const bytes = encodeOffsets({ records: [{ offset: 0, length: 20 }], size: 20, sha256: SHA256, build: SHA256 });

  it('are damaged when they begin with something else', () => {
    const other = Buffer.from(bytes);
    other.write('PK');
    expect(() => decodeOffsets(other, { file: 'x.offsets' })).toThrow(
      expect.objectContaining({ code: 'SHARD_CORRUPT' }),
    );
  });

  it.each([
    ['BWOFFS02', /newer version/u],
    ['BWOFFS00', /older version/u],
  ])('are refused by name when they begin with %s', (got, message) => {
    const other = Buffer.from(bytes);
    other.write(got);
    const decoding = (): unknown => decodeOffsets(other, { file: 'x.offsets' });
    expect(decoding).toThrow(message);
    const details = { file: 'x.offsets', field: 'format', expected: OFFSETS, got };
    expect(decoding).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN', details }));
  });
});
