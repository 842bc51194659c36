import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from './faults.js';

/**
 * Temporary names start with `~`, which no object key may hold, so a half-written file can never be taken for an
 * object. They tell who writes: `~HOST~PID~RANDOM`.
 */
const TEMPORARY = /^~(?<host>[^~]*)~(?<pid>\d+)~[0-9a-f]{16}$/u;

/** Younger files are left alone whoever wrote them: process ids repeat, and hosts may share a name. */
const LEFTOVER_AGE_MS = 60_000;
/** Of another host nothing is known but the file's age. */
const FOREIGN_LEFTOVER_AGE_MS = 24 * 3_600_000;

/**
 * Writes a file so that it appears whole or not at all: under a temporary name in the same folder, flushed to disk,
 * then renamed. What fails leaves nothing behind and what was there untouched; missing folders are made.
 *
 * @param fill Writes the bytes; the handle is flushed and closed afterwards.
 * @param options With `ifAbsent` the name must be free, checked in the same step that takes it (else EEXIST).
 */
export async function writeBeside(
  path: string,
  fill: (file: FileHandle) => Promise<void>,
  options: { readonly ifAbsent?: boolean } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `~${thisHost()}~${process.pid}~${randomBytes(8).toString('hex')}`);
  const file = await create(temporary);
  try {
    await fillAndFlush(file, fill);
    // A link, unlike a rename, fails when the name is taken.
    if (options.ifAbsent) await link(temporary, path);
    else await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await flushFolder(folder);
}

/** Makes a file and its folders; again if another process removes an empty folder in between. */
async function create(path: string, attemptsLeft = 5): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') || attemptsLeft === 0) throw error;
    return create(path, attemptsLeft - 1);
  }
}

async function fillAndFlush(file: FileHandle, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await fill(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name itself survive a power cut, where the file system can do that. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!isSystemError(error, 'EINVAL', 'ENOTSUP')) throw error;
  } finally {
    await handle.close();
  }
}

/** Removes temporary files of a folder whose writers are gone. */
export async function removeLeftovers(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names.filter((name) => TEMPORARY.test(name))) {
    const path = join(folder, name);
    if (await isLeftover(path)) await rm(path, { force: true });
  }
}

async function isLeftover(path: string): Promise<boolean> {
  const writer = TEMPORARY.exec(basename(path))?.groups;
  const info = await stat(path).catch(() => undefined);
  if (!writer || !info) return false;
  const ageMs = Date.now() - info.mtimeMs;
  if (writer['host'] !== thisHost()) return ageMs > FOREIGN_LEFTOVER_AGE_MS;
  return ageMs > LEFTOVER_AGE_MS && !isAlive(Number(writer['pid']));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}

function thisHost(): string {
  return hostname().replaceAll('~', '-');
}
