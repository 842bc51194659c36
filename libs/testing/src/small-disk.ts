import { execFile } from 'node:child_process';
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
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0777`, 'tmpfs', path]);
  mounted.push(path);
  return path;
}

/** Why {@link smallDisk} cannot be had here, or undefined when it can. */
export async function whyNoSmallDisk(): Promise<CodedError | undefined> {
  try {
    await smallDisk(4_096);
    return undefined;
  } catch (cause) {
    return new CodedError('TOOL_MISSING', 'A small disk is needed: run the tests as root, who may mount a tmpfs', {
      cause,
    });
  }
}
