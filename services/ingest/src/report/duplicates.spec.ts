import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
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

  it.each([3000, 1000, 100, 7])('finds the same whether %i prints are held at a time or all pictures', async (held) => {
    const pictures = picturesOf(contents);
    const { look, looks } = asked(pictures);
    const found = await findDuplicates(look, pictures.length, held);
    expect(found).toEqual(namesBySecond(pictures));
    expect(found).toHaveLength(100);
    expect(looks.times).toBe(Math.ceil(3000 / held) + 1);
  });

  it('looks once where there are none', async () => {
    const pictures = picturesOf([1, 2, 3]);
    const { look, looks } = asked(pictures);
    expect(await findDuplicates(look, 3)).toEqual([]);
    expect(looks.times).toBe(1);
    expect(await findDuplicates(asked([]).look, 0)).toEqual([]);
  });

  it('does with an archive of nothing but one picture', async () => {
    const pictures = picturesOf(Array.from({ length: 500 }, () => 1));
    expect(await findDuplicates(asked(pictures).look, 500, 20)).toEqual([pictures.map(({ name }) => name)]);
  });
});
