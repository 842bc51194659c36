import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandDims, Graph, matMul, reshape, Session, Tensor, transpose } from '@bluewaters/tensorflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkByName, preprocess, WHITENED_CHANNELS, whitening, VariableStore } from './index.js';

/** A folder with real pictures; without it these tests are skipped. */
const data = process.env['BLUEWATERS_DATA'];

/** Components that are no noise: all but the last two patterns of the faintest colour, and the last but one of the last. */
const LOUD = [0, 1, 2, 3, 4, 5, 6, 7, 9];

describe.skipIf(!data)('the whitening of real photographs', () => {
  let folder: string;
  let jpegs: Buffer[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'whitening-'));
    const untar = (...args: string[]) => execFileSync('tar', args, { cwd: folder });
    untar('xzf', join(data ?? '', 'cifar10/Images.tar.gz'));
    const archives = readdirSync(folder);
    jpegs = archives.flatMap((archive) => {
      const names = execFileSync('tar', ['tf', archive], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
      const first = names.slice(0, 50);
      untar('xf', archive, ...first);
      return first.map((name) => readFileSync(join(folder, name)));
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('makes channels of mean square 1 that have nothing to do with one another', async () => {
    const squares = await correlations(jpegs);
    for (const a of LOUD) {
      expect(squares[a * WHITENED_CHANNELS + a]).toBeGreaterThan(0.75);
      expect(squares[a * WHITENED_CHANNELS + a]).toBeLessThan(1.25);
      for (const b of LOUD) if (a !== b) expect(Math.abs(squares[a * WHITENED_CHANNELS + b] ?? 1)).toBeLessThan(0.4);
    }
  });
});

/** The mean product of every two channels over all windows. */
async function correlations(jpegs: readonly Buffer[]): Promise<number[]> {
  using graph = new Graph();
  const scope = graph.scope();
  const jpeg = scope.placeholder('string', []);
  const image = preprocess(scope, jpeg, networkByName('airbench').input);
  const y = whitening({ scope, variables: new VariableStore(scope, 1) }, expandDims(scope, image, 0));
  const rows = reshape(scope, y, [-1, WHITENED_CHANNELS]);
  const products = matMul(scope, transpose(scope, rows, [1, 0]), rows);
  using session = new Session(graph);
  const sums = new Array<number>(WHITENED_CHANNELS ** 2).fill(0);
  for (const bytes of jpegs) {
    using fed = Tensor.of('string', [], [bytes]);
    using found = (await session.run({ feeds: [[jpeg, fed]], fetches: [products] }))[0];
    for (const [index, value] of Array.from(found?.values() ?? [], Number).entries()) {
      sums[index] = (sums[index] ?? 0) + value / (jpegs.length * 31 * 31);
    }
  }
  return sums;
}
