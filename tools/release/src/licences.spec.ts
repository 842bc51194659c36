import { describe, expect, it } from 'vitest';
import { objection } from './licences.mjs';

describe('objection', () => {
  it.each([
    ['a', 'MIT'],
    ['a', '(MIT OR GPL-3.0-only) AND ISC'],
    ['a', 'GPL-3.0-only OR MIT AND ISC'],
    ['@img/sharp-libvips-linux-x64', 'LGPL-3.0-or-later'],
  ])('lets %s be under %s', (name, licence) => {
    expect(objection(name, licence)).toBeUndefined();
  });

  it.each([
    ['a', undefined],
    ['a', ''],
    ['a', 'GPL-3.0-only'],
    ['a', 'MIT AND GPL-3.0-only'],
    ['a', '(MIT OR ISC) AND (GPL-3.0-only OR UNLICENSED)'],
    ['a', 'MIT OR'],
    ['a', 'MIT ISC'],
    ['a', '(MIT'],
    ['a', 'SEE LICENSE IN LICENSE.txt'],
    ['@img/colour', 'LGPL-3.0-or-later'],
    ['minio', 'AGPL-3.0-only'],
  ])('asks about %s under %s', (name, licence) => {
    expect(objection(name, licence)).toContain(name);
  });
});
