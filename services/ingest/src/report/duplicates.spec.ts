import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { findDuplicates, type DigestedPicture } from './duplicates.js';

/** Pictures by what is in them: the same number, the same bytes. */
function picturesOf(contents: readonly number[]): DigestedPicture[] {
  return contents.map((content, i) => ({
    name: `n00000001/n00000001_${i}.JPEG`,
    sha256: createHash('sha256').update(String(content)).digest('hex'),
  }));
}

/** The plain way, which holds all of them. */
function namesBySecond(pictures: readonly DigestedPicture[]): string[][] {
  const seen = new Map<string, string[]>();
  const found: string[][] = [];
  for (const { name, sha256 } of pictures) {
    const names = seen.get(sha256) ?? [];
    names.push(name);
    seen.set(sha256, names);
    if (names.length === 2) found.push(names);
  }
  return found;
}

/** Once in each part, however often it is looked at. */
function asked(pictures: readonly DigestedPicture[]) {
  const looks = { times: 0 };
  async function* look(): AsyncGenerator<DigestedPicture> {
    looks.times++;
    yield* await Promise.resolve(pictures);
  }
  return { look, looks };
}

describe('finding duplicates', () => {
  const contents = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 2900);
  let scratch: string;
  beforeAll(async () => {
    scratch = await temporaryDirectory();
  });

  it.each([3000, 1000, 100, 40])('finds the same when %i prints of 3,000 are held at a time', async (held) => {
    const pictures = picturesOf(contents);
    const { look, looks } = asked(pictures);
    const found = await findDuplicates(look, pictures.length, { scratch, held });
    expect(found).toEqual(namesBySecond(pictures));
    expect(found).toHaveLength(100);
    expect(looks.times).toBe(2);
    expect(await readdir(scratch)).toEqual([]);
  });

  it('looks once where there are none', async () => {
    const pictures = picturesOf([1, 2, 3]);
    const { look, looks } = asked(pictures);
    expect(await findDuplicates(look, 3, { scratch, held: 2 })).toEqual([]);
    expect(looks.times).toBe(1);
    expect(await findDuplicates(asked([]).look, 0, { scratch })).toEqual([]);
  });

  it('does with an archive of nothing but one picture', async () => {
    const pictures = picturesOf(Array.from({ length: 500 }, () => 1));
    const found = await findDuplicates(asked(pictures).look, 500, { scratch, held: 20 });
    expect(found).toEqual([pictures.map(({ name }) => name)]);
  });

  it('says so when its folder takes nothing, and leaves nothing', async () => {
    const missing = join(scratch, 'missing');
    const finding = findDuplicates(asked(picturesOf(contents)).look, 3000, { scratch: missing, held: 100 });
    await expect(finding).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await readdir(scratch)).toEqual([]);
  });
});
