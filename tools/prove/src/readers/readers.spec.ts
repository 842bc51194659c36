import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { corpusFile } from './corpus.mjs';
import { explore, exploreReader, READERS } from './fuzz.mjs';

const PLANTED = new URL('planted.fixture.mjs', import.meta.url);
const hasZstd = spawnSync('zstd', ['--version']).status === 0;
/** Inputs that take about two seconds together. */
const INPUTS: Readonly<Record<string, number>> = {
  zstd: 200,
  picture: 200,
  archive: 60,
  gzip: 1_500,
  annotations: 3_000,
  tar: 2_500,
};
const MOST_INPUTS = 8_000;

afterEach(() => vi.unstubAllEnvs());

describe('the readers of what strangers give', { timeout: 120_000 }, () => {
  it.for(READERS)(
    'end in a result or an error of their own, whatever the %s reader is given',
    async (name, { skip }) => {
      skip(name === 'zstd' && !hasZstd, 'there is no program zstd here: install the package of that name');
      const { figures, finding } = await exploreReader(name, { seed: 1, inputs: INPUTS[name] ?? MOST_INPUTS, ms: 0 });
      expect(finding).toBeUndefined();
      const { reached = 0, of = 0, accepted = 0 } = figures ?? {};
      // One that is refused everything, or comes nowhere, tries nothing.
      expect(accepted).toBeGreaterThan(10);
      expect(reached / of).toBeGreaterThan(0.6);
    },
  );

  it('begin with inputs that are kept in little room', () => {
    const bytes = READERS.map((name) => statSync(corpusFile(name)).size);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });
});

describe('a fuzz that is led by coverage', { timeout: 120_000 }, () => {
  it.each([
    ['error', 'error'],
    ['code', 'error'],
    ['slow', 'slow'],
    ['memory', 'memory'],
    ['death', 'SIGABRT'],
  ])('finds a planted fault, %s, and the input that leads to it', async (fault, ending) => {
    vi.stubEnv('PLANTED', fault);
    const { finding } = await explore(PLANTED, { seed: 1, inputs: 200_000 });
    expect(finding?.ending).toBe(ending);
    expect(
      Buffer.from(finding?.input ?? '', 'base64')
        .subarray(0, 4)
        .toString(),
    ).toBe('Fuzz');
  });

  it('keeps an input for each step of the way, and few others', async () => {
    const { finding, smallest } = await explore(PLANTED, { seed: 5, inputs: 100_000 });
    expect(finding).toBeUndefined();
    const starts = smallest.map((input) => input.subarray(0, 4).toString('latin1'));
    for (const step of [/^F(?!u)/u, /^Fu(?!z)/u, /^Fuz(?!z)/u, /^Fuzz/u]) {
      expect(starts.some((start) => step.test(start))).toBe(true);
    }
    expect(smallest.length).toBeLessThan(12);
  });

  it('reads the same inputs for the same seed where it stays with those that it began with', async () => {
    const report = () => explore(PLANTED, { corpus: [Buffer.from('Fu')], seed: 5, inputs: 5_000, ms: 0 });
    const [one, same] = await Promise.all([report(), report()]);
    const { inputs, accepted, refused } = one.figures ?? {};
    expect(same.figures).toMatchObject({ inputs: 5_000, accepted, refused });
    expect(inputs).toBe(5_000);
  });
});
