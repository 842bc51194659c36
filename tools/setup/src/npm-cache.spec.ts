import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notCached } from './npm-cache.mjs';

let cache = '';
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'bluewaters-npm-'));
});
afterEach(() => rm(cache, { recursive: true }));

describe('npm’s cache', () => {
  it('lacks the fetched packages whose bytes it has not, each under its own name', async () => {
    // The digest ab cd ef, which npm would keep as ab/cd/ef.
    await mkdir(join(cache, '_cacache/content-v2/sha512/ab/cd'), { recursive: true });
    await writeFile(join(cache, '_cacache/content-v2/sha512/ab/cd/ef'), '');
    const installed = {
      'libs/errors': { version: '0.1.0' },
      'node_modules/@bluewaters/errors': { link: true },
      'node_modules/koffi': { version: '3.1.6', integrity: 'sha512-q83v' },
      'node_modules/one/node_modules/@a/two': { version: '1.0.0', integrity: 'sha512-AAAA' },
      'node_modules/other-name': { name: 'three', version: '2.0.0', integrity: 'sha512-BBBB' },
    };
    expect(notCached(installed, cache)).toEqual(['@a/two@1.0.0', 'three@2.0.0']);
  });
});
