import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { transform } from 'esbuild';

/** Within the package, so that the example finds it by its name. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const examples = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];

it.each([
  ['first', 'parabola/Sum:0 17 Float32Array(3) [ 2, 4, 6 ]'],
  ['second', "[ { name: 'weights', dtype: 'float32', shape: [ 2, 1 ] } ]"],
])('the %s example in the README prints what its comment says', async (which, printed) => {
  const [, source] = examples[['first', 'second'].indexOf(which)]!;
  expect(source).toContain(`; // ${printed}\n`);
  const { code } = await transform(source!, { loader: 'ts', target: 'node20', format: 'esm' });
  const folder = mkdtempSync(join(ROOT, '.readme-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect(stdout.trim()).toBe(printed);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
