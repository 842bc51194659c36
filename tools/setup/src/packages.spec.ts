import { describe, expect, it } from 'vitest';
import { agrees } from './packages.mjs';

const wanted = {
  '': { version: '0.1.0' },
  'libs/errors': { version: '0.1.0' },
  'node_modules/@bluewaters/errors': { link: true },
  'node_modules/koffi': { version: '3.1.6', integrity: 'sha512-a' },
  'node_modules/@img/sharp-darwin-arm64': { version: '0.34.5', integrity: 'sha512-b', optional: true },
};
const { '': _root, 'node_modules/@img/sharp-darwin-arm64': _other, ...installed } = wanted;

describe('installed packages', () => {
  it('agree with the lock file without the optional ones for other machines', () => {
    expect(agrees(wanted, installed)).toBe(true);
  });

  it.each([
    ['a package is missing', { 'node_modules/koffi': undefined }],
    ['a version differs', { 'node_modules/koffi': { version: '3.2.0', integrity: 'sha512-a' } }],
    ['an integrity differs', { 'node_modules/koffi': { version: '3.1.6', integrity: 'sha512-c' } }],
    ['a package of ours is not linked', { 'node_modules/@bluewaters/errors': { version: '0.1.0' } }],
  ])('do not agree when %s', (_what, change) => {
    const changed = Object.fromEntries(Object.entries({ ...installed, ...change }).filter(([, entry]) => entry));
    expect(agrees(wanted, changed as typeof wanted)).toBe(false);
  });
});
