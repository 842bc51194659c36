import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, publishFolder } from './cache.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bluewaters-cache-'));
});
afterEach(() => rm(folder, { recursive: true }));

const target = () => join(folder, 'thing');
const isWhole = () => isStamped(target());
const fillWith = (text: string) => async (partial: string) => {
  await writeFile(join(partial, 'file'), text);
  await writeStamp(partial);
};

describe('the cache folder', () => {
  it('is what BLUEWATERS_CACHE says, else below the cache folder of the user', () => {
    expect(cacheFolder({ BLUEWATERS_CACHE: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/a');
    expect(cacheFolder({ XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/b/bluewaters');
    expect(cacheFolder({ HOME: '/c' })).toBe('/c/.cache/bluewaters');
  });
});

describe('a published folder', () => {
  it('appears whole, with nothing beside it', async () => {
    await publishFolder(target(), fillWith('one'), isWhole);
    expect(await isWhole()).toBe(true);
    expect(await readdir(folder)).toEqual(['thing']);
  });

  it('does not appear when filling it fails, and nothing is left', async () => {
    const failing = async (partial: string) => {
      await writeFile(join(partial, 'file'), 'half');
      throw new Error('no space left');
    };
    await expect(publishFolder(target(), failing, isWhole)).rejects.toThrow('no space left');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is the first of several filled at the same time; the others are discarded', async () => {
    const texts = ['one', 'two', 'three', 'four'];
    await Promise.all(texts.map((text) => publishFolder(target(), fillWith(text), isWhole)));
    expect(await isWhole()).toBe(true);
    expect(texts).toContain(await readFile(join(target(), 'file'), 'utf8'));
    expect(await readdir(folder)).toEqual(['thing']);
  });

  it('takes the place of a damaged one', async () => {
    await publishFolder(target(), fillWith('one'), isWhole);
    await writeFile(join(target(), 'file'), 'damage');
    await publishFolder(target(), fillWith('two'), isWhole);
    expect(await readFile(join(target(), 'file'), 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['thing']);
  });

  it('removes what a killed set-up left days ago, and not what one is filling now', async () => {
    const [old, recent] = [`${target()}.partial-old`, `${target()}.partial-new`];
    await Promise.all([mkdir(old), mkdir(recent)]);
    await utimes(old, 0, 0);
    await publishFolder(target(), fillWith('one'), isWhole);
    expect((await readdir(folder)).sort()).toEqual(['thing', 'thing.partial-new']);
  });
});

describe('a stamp', () => {
  beforeEach(() => publishFolder(target(), fillWith('12345678'), isWhole));

  it('holds for a folder that was copied, since its bytes are the same', async () => {
    await utimes(join(target(), 'file'), 1, 1);
    expect(await isWhole()).toBe(true);
  });

  it('does not hold when a file is missing, or changed in size or bytes', async () => {
    await writeFile(join(target(), 'file'), '87654321');
    expect(await isWhole()).toBe(false);
    await rm(join(target(), 'file'));
    expect(await isWhole()).toBe(false);
  });

  it('finds a changed byte under an unchanged time only when it looks thoroughly', async () => {
    const [file, time] = [join(target(), 'file'), new Date(1_000_000)];
    await utimes(file, time, time);
    await writeStamp(target());
    await writeFile(file, '12345679');
    await utimes(file, time, time);
    expect(await isWhole()).toBe(true);
    expect(await isStamped(target(), { thorough: true })).toBe(false);
  });
});
