import { execFile } from 'node:child_process';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CodedError } from '@bluewaters/errors';
import { fileError, isSystemError } from './faults.js';

const run = promisify(execFile);

const OTHERS = 0o007;
const OWNER_ALONE = 0o700;
/** As `/tmp`: everyone may add files, and take away their own alone. */
const EVERYONE_ADDS = 0o1777;

/**
 * Lets nobody but its owner into a folder, and so to anything below it, whatever the modes there; makes it when it is
 * not there. Whom an access list or the folder's group lets in is shut out too.
 * @throws {CodedError} STORE_REFUSED when the folder is another's.
 */
export async function closeFolder(path: string): Promise<void> {
  await changeMode(path, OWNER_ALONE);
}

/** True for a folder that only its owner, and those that it names, may enter; false also where there is none. */
export async function isFolderClosed(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & OTHERS) === 0;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw fileError(error, path);
  }
}

/** Lets everyone add files to a folder, which is made when it is not there; each may replace their own alone. */
export async function openFolderToAll(path: string): Promise<void> {
  await changeMode(path, EVERYONE_ADDS);
}

/**
 * Lets an account of this machine read a closed folder and all that is or will be below it, by an access list.
 * @throws {CodedError} CONFIG_INVALID when there is no such account; TOOL_MISSING without the program `setfacl`;
 * STORE_REFUSED when the file system has no access lists or the folder is another's.
 */
export async function letIntoFolder(path: string, account: string): Promise<void> {
  if (await isOwner(path, account)) return;
  await changeAccessList(path, ['-m', `u:${account}:rX,d:u:${account}:rX`]);
}

/** Takes back what {@link letIntoFolder} gave; one who was not let in is no error. @throws {CodedError} As there. */
export async function shutOutOfFolder(path: string, account: string): Promise<void> {
  if (await isOwner(path, account)) return;
  await changeAccessList(path, ['-x', `u:${account},d:u:${account}`]);
}

async function changeMode(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Whoever owns a folder needs no list to enter it, and cannot be kept out by one. */
async function isOwner(path: string, account: string): Promise<boolean> {
  try {
    const { stdout } = await run('id', ['-u', '--', account]);
    return Number(stdout) === (await stat(path)).uid;
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) throw fileError(cause, path);
    const details = { file: path, expected: 'an account of this machine', got: account };
    throw new CodedError('CONFIG_INVALID', 'A folder can be opened only to an account', { details, cause });
  }
}

async function changeAccessList(path: string, change: readonly string[]): Promise<void> {
  try {
    await run('setfacl', ['--recursive', ...change, '--', path]);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) {
      const details = { file: path, expected: "the program setfacl (Debian's package acl)", got: 'none' };
      throw new CodedError('TOOL_MISSING', 'Access lists of folders cannot be changed here', { details, cause });
    }
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new CodedError('STORE_REFUSED', `The file system did not change an access list: ${said}`, {
      details: { file: path },
      cause,
    });
  }
}
