import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as pins from './pins.mjs';

/** Every value below `value` that names a digest, with what it is called. */
function pinned(value: unknown, name: string): { name: string; requirement?: string; sha256: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const here = 'sha256' in value ? [{ ...(value as { sha256: string }), name }] : [];
  return [...here, ...Object.entries(value).flatMap(([key, below]) => pinned(below, `${name}.${key}`))];
}

const all = Object.entries(pins).flatMap(([name, value]) => pinned(value, name));

/** That bytes with another digest are refused, and nothing of them is kept, stands in wheels.python.spec.ts. */
describe('what set-up fetches', () => {
  it('is pinned by the SHA-256 of its bytes, each its own', () => {
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(({ sha256 }) => !/^[0-9a-f]{64}$/u.test(sha256))).toEqual([]);
    // A build of TensorFlow is listed for each kind of machine that has it.
    const digests = new Set(all.map(({ sha256 }) => sha256));
    const names = new Set(all.map(({ requirement, name, sha256 }) => `${requirement ?? name} ${sha256}`));
    expect(digests.size).toBe(names.size);
  });

  it('of the Python package index is one version', () => {
    const wheels = all.flatMap(({ requirement }) => requirement ?? []);
    expect(wheels).toEqual(expect.arrayContaining(['tensorflow-cpu==2.18.1', 'tensorflow==2.18.1']));
    expect(wheels.filter((requirement) => !/^[a-z0-9-]+==\d+(?:\.\d+)+$/u.test(requirement))).toEqual([]);
  });

  it.each(['python-readers.txt', 'pytorch.txt'])('for tests and benchmarks alone, in %s, is one version', (file) => {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.length).toBeGreaterThan(10);
    expect(
      lines.filter((line) => !/^[A-Za-z0-9_.-]+==[\w.!+-]+(?:; python_version >= "3\.\d+")?$/u.test(line)),
    ).toEqual([]);
  });
});
