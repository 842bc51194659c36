import { describe, expect, it } from 'vitest';
import { bash } from './support/docker.js';
import { shellScripts } from './support/shell-scripts.js';

const scripts = shellScripts();

describe('a shell script', () => {
  it('is one by its name, or by its first line', () => {
    expect(scripts).toEqual(expect.arrayContaining(['.ci/run', 'pbs/prologue.sh', 'pbs/slurm/smoke_test.sbatch']));
    expect(scripts).toEqual(expect.arrayContaining(['containers/old-system/old-g++', 'pbs/smoke_test.pbs']));
    expect(scripts.filter((file) => /\.(?:ts|mjs|py|md|json)$/u.test(file))).toEqual([]);
  });

  // bats has words of its own; test/shell-scripts.shellcheck.spec.ts reads them, too.
  it.each(scripts.filter((file) => !file.endsWith('.bats')))('is understood by bash: %s', async (file) => {
    expect(await bash(`bash -n ${file}`)).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
