import { execFile } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '@bluewaters/errors';

const run = promisify(execFile);

/** An account that every Linux has and that owns nothing. */
export const OTHER_ACCOUNT = { name: 'nobody', uid: 65534, gid: 65534 } as const;

/** The bytes of a file as {@link OTHER_ACCOUNT} reads them, or undefined where it may not. */
export async function readAsOther(path: string): Promise<string | undefined> {
  const { uid, gid } = OTHER_ACCOUNT;
  try {
    return (await run('cat', ['--', path], { uid, gid })).stdout;
  } catch (error) {
    if (error instanceof Error && 'stderr' in error && String(error.stderr).includes('Permission denied')) {
      return undefined;
    }
    throw error;
  }
}

/** Why nothing can be done here as another account, or be opened to one; undefined when it can. */
export async function whyNoOtherAccount(): Promise<CodedError | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'bluewaters-'));
  try {
    await run('setfacl', ['-m', `u:${OTHER_ACCOUNT.name}:rX`, path]);
    await run('true', { uid: OTHER_ACCOUNT.uid, gid: OTHER_ACCOUNT.gid });
    return undefined;
  } catch (cause) {
    const how = "run the tests as root, with Debian's package acl, where the file system has access lists";
    return new CodedError('TOOL_MISSING', `Other accounts are needed: ${how}`, { cause });
  } finally {
    await rmdir(path);
  }
}
