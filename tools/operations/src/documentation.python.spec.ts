import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readDocumentation } from './generate.mjs';

it('the words on operations are those of the wrappers in the wheel of the pinned TensorFlow', () => {
  const python = process.env['BLUEWATERS_PYTHON'] ?? 'python3';
  const where = 'import importlib.util as u; print(u.find_spec("tensorflow").origin)';
  const origin = execFileSync(python, ['-c', where], { encoding: 'utf8' }).trim();
  const kept = readFileSync(new URL('../generated/documentation.json', import.meta.url), 'utf8');
  expect(readDocumentation(join(dirname(origin), 'python/ops'))).toEqual(JSON.parse(kept));
});
