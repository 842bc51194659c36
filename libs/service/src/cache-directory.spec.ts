import { describe, expect, it } from 'vitest';
import { cacheDirectory } from './index.js';

describe('cacheDirectory', () => {
  it('is in the folder that the user names, else in the user’s own cache', () => {
    expect(cacheDirectory('work', { BLUEWATERS_CACHE: '/c', XDG_CACHE_HOME: '/x' })).toBe('/c/work');
    expect(cacheDirectory('work', { XDG_CACHE_HOME: '/x' })).toBe('/x/bluewaters/work');
    expect(cacheDirectory('work', {})).toMatch(/\/\.cache\/bluewaters\/work$/u);
  });
});
