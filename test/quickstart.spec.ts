import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { withoutOptions } from './support/cli.js';
import { filesBelow } from './support/folders.js';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

interface QuickstartResult {
  readonly accuracy: number;
  readonly heldOut: number;
  readonly top1: number;
  readonly imagesPerSecond: number | null;
  readonly paths: { readonly checkpointDir: string };
}

/** Runs `npm run quickstart` as a stranger does, in a folder of its own. */
function quickstart(store: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn('npm', ['run', '--silent', 'quickstart', '--', '--store', store, '--json'], {
    cwd: REPOSITORY,
    env: withoutOptions(process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...output })));
}

const lastLine = (text: string): QuickstartResult =>
  JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as QuickstartResult;

describe('npm run quickstart', { timeout: 600_000 }, () => {
  it('learns the complete MNIST to at least 98.5 % on held-out digits, and the second time finds all done', async () => {
    const store = join(await temporaryDirectory(), 'run');
    const first = await quickstart(store);
    expect(first.stderr).toMatch(/70,000 images of 10 synsets/u);
    const result = lastLine(first.stdout);
    expect(result).toMatchObject({ heldOut: 10_000 });
    expect(result.top1).toBeGreaterThanOrEqual(0.985);
    expect(result.accuracy).toBeGreaterThanOrEqual(0.985);
    expect(first.code).toBe(0);
    expect((await filesBelow(result.paths.checkpointDir)).join('\n')).toMatch(/train\/events\.out\.tfevents/u);

    const second = await quickstart(store);
    expect(second.code).toBe(0);
    expect(lastLine(second.stdout)).toMatchObject({ accuracy: result.accuracy, imagesPerSecond: null });
  });
});
