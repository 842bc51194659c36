import { execFile } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '@bluewaters/errors';
import { afterAll } from 'vitest';
import { temporaryDirectory } from './temporary-directory.js';

const run = promisify(execFile);
const mounted: string[] = [];

afterAll(async () => {
  for (const path of mounted.splice(0)) await run('umount', [path]);
});

/** Mounts a disk in memory that is soon full, and answers its path; unmounted when the tests of the file are over. */
export async function smallDisk(bytes: number): Promise<string> {
  const path = await temporaryDirectory();
  await mount(path, bytes);
  mounted.push(path);
  return path;
}

/** Why {@link smallDisk} cannot be had here, or undefined when it can. */
export async function whyNoSmallDisk(): Promise<CodedError | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'bluewaters-'));
  try {
    await mount(path, 4_096);
    // At once: nothing is called after the tests of a file of which all are left out.
    await run('umount', [path]);
    return undefined;
  } catch (cause) {
    return new CodedError('TOOL_MISSING', 'A small disk is needed: run the tests as root, who may mount a tmpfs', {
      cause,
    });
  } finally {
    await rmdir(path);
  }
}

async function mount(path: string, bytes: number): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0777`, 'tmpfs', path]);
}
