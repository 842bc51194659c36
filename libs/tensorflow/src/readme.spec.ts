import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { transform } from 'esbuild';

/** Within the package, so that the example finds it by its name. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('the example in the README prints what its comment says', async () => {
  const [, source] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))!;
  const { code } = await transform(source!, { loader: 'ts', target: 'node20', format: 'esm' });
  const folder = mkdtempSync(join(ROOT, '.readme-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    expect(stdout.trim()).toBe('parabola/Sum:0 17 Float32Array(3) [ 2, 4, 6 ]');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
