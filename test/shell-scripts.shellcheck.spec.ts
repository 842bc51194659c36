import { describe, expect, it } from 'vitest';
import { bash } from './support/docker.js';
import { shellScripts } from './support/shell-scripts.js';

describe('a shell script', { timeout: 60_000 }, () => {
  it.each(shellScripts())('has nothing that shellcheck complains of: %s', async (file) => {
    // With what it sources.
    expect(await bash(`shellcheck --external-sources ${file}`)).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
