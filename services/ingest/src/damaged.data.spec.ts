import { isCodedError } from '@bluewaters/errors';
import { DEFAULT_LIMITS } from '@bluewaters/images';
import { indexKeys } from '@bluewaters/records';
import { MemoryStore } from '@bluewaters/storage';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indexArchive } from './index.js';

/** A folder with real and damaged archives; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];

/** `EXAMPLES/REFUSED/REPAIRED`, or the code of the error; then there must be no index. */
async function outcome(name: string, maxRefused: number): Promise<string> {
  const store = new MemoryStore();
  await store.put('synsets.txt', name === 'images' ? 'n02102040' : 'n02084071\nn02121620\nn02430045\n');
  const request = {
    dataset: 'damaged',
    images: { path: join(data!, 'damaged', `${name}.tar`) },
    synsets: { key: 'synsets.txt' },
    maxRefused,
  };
  const { signal } = new AbortController();
  const context = { store, limits: DEFAULT_LIMITS, scratch: tmpdir(), signal, report: () => {} };
  try {
    const { examples, refused, repaired } = await indexArchive(request, context);
    const report = Buffer.from(await store.get(indexKeys.refused('damaged'))).toString();
    expect(report.split('\n').length - 1).toBe(refused);
    return `${examples}/${refused}/${repaired}`;
  } catch (error) {
    expect(await store.stat(indexKeys.entry('damaged'))).toBeUndefined();
    if (!isCodedError(error)) throw error;
    expect(error.details.file).toContain(`${name}.tar`);
    if (error.code !== 'ARCHIVE_EMPTY') expect(error.details.offset).toBeGreaterThanOrEqual(0);
    return error.code;
  }
}

describe.skipIf(!data)('damaged archives', () => {
  it.each([
    ['good', '16/0/0', '16/0/0'],
    ['truncated-outer', 'ARCHIVE_TRUNCATED', '10/1/0'],
    ['truncated-inner', 'ARCHIVE_TRUNCATED', '9/1/0'],
    ['no-end-blocks', '16/0/0', '16/0/0'],
    ['bad-checksum', 'ARCHIVE_INVALID', 'ARCHIVE_INVALID'],
    ['huge-size', 'ARCHIVE_TRUNCATED', 'ARCHIVE_TRUNCATED'],
    ['empty', 'ARCHIVE_EMPTY', 'ARCHIVE_EMPTY'],
    ['zero-byte', 'ARCHIVE_EMPTY', 'ARCHIVE_EMPTY'],
    ['random', 'ARCHIVE_INVALID', 'ARCHIVE_INVALID'],
    ['gzip-named', '16/0/0', '16/0/0'],
    ['traversal', 'ARCHIVE_INVALID', '1/5/0'],
    ['links', 'ARCHIVE_INVALID', '1/7/0'],
    ['duplicates', 'ARCHIVE_INVALID', '11/3/0'],
    ['not-synsets', '16/0/0', '16/0/0'],
    ['misfiled', 'ARCHIVE_INVALID', '4/1/0'],
    ['empty-synset', '8/0/0', '8/0/0'],
    ['long-names', '3/0/0', '3/0/0'],
    ['images', 'IMAGE_INVALID', '12/10/6'],
  ])('%s.tar: %s, and %s where refusals are tolerated', async (name, strict, tolerant) => {
    expect(await outcome(name, 0)).toBe(strict);
    expect(await outcome(name, 100)).toBe(tolerant);
  });
});
