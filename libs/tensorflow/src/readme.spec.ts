import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { transform } from 'esbuild';

/** Within the package, so that the example finds it by its name. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const EXAMPLES = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, source]) => ({ source: source! }),
);

/** What stands behind `console.log(…);` in an example. */
function promised(source: string): string[] {
  return [...source.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, words]) => words!);
}

it('there are examples in the README, and each promises an outcome', () => {
  expect(EXAMPLES.length).toBeGreaterThan(1);
  for (const { source } of EXAMPLES) expect(promised(source)).not.toEqual([]);
});

it.each(EXAMPLES)('example %# in the README prints what its comments say', async ({ source }) => {
  const { code } = await transform(source, { loader: 'ts', target: 'node20', format: 'esm' });
  const folder = mkdtempSync(join(ROOT, '.readme-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect(stdout.trim().split('\n')).toEqual(promised(source));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
