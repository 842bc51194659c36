import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describeObjectStore, describeWith, smallDisk, temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore, openStore, type ObjectStore } from './index.js';

describeObjectStore('DirectoryStore', async () => new DirectoryStore(join(await temporaryDirectory(), 'store')));

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('DirectoryStore', () => {
  let root: string;
  let store: DirectoryStore;

  beforeEach(async () => {
    root = await temporaryDirectory();
    store = new DirectoryStore(root);
  });

  it('keeps each object in the file of its name, at its local path', async () => {
    await store.put('models/lenet/1/saved_model.pb', 'x');
    expect(store.localPath('models/lenet/1/saved_model.pb')).toBe(join(root, 'models/lenet/1/saved_model.pb'));
    expect(await readFile(join(root, 'models/lenet/1/saved_model.pb'), 'utf8')).toBe('x');
    expect(await readdir(join(root, 'models/lenet/1'))).toEqual(['saved_model.pb']);
  });

  it('may itself be reached through a symbolic link', async () => {
    const link = join(await temporaryDirectory(), 'link');
    await symlink(root, link);
    await new DirectoryStore(link).put('a/b', 'x');
    expect(await keysOf(store)).toEqual(['a/b']);
  });

  it('follows no symbolic link out of the folder', async () => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(root, 'folder'));
    await symlink(join(outside, 'secret'), join(root, 'file'));
    const refusal = { code: 'STORE_REFUSED' };
    for (const key of ['folder/secret', 'file']) {
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(store.stat(key)).rejects.toMatchObject(refusal);
      await expect(store.getFile(key, join(root, 'copy'))).rejects.toMatchObject(refusal);
    }
    await expect(store.put('folder/new', 'x')).rejects.toMatchObject(refusal);
    await expect(store.put('folder/deep/new', 'x')).rejects.toMatchObject(refusal);
    await expect(store.delete('folder/secret')).rejects.toMatchObject(refusal);
    expect(await keysOf(store)).toEqual([]);
    await store.put('file', 'replaced');
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('passes over files that are no objects', async () => {
    await writeFile(join(root, 'not a key'), '');
    await mkdir(join(root, 'an empty folder'));
    await store.put('a', 'x');
    expect(await keysOf(store)).toEqual(['a']);
  });

  it('never lists what a killed process left behind, and removes it once it is old', async () => {
    const dead = `~${hostname()}~4194304~0123456789abcdef`;
    const alive = `~${hostname()}~${process.pid}~0123456789abcdef`;
    const foreign = '~elsewhere~4194304~0123456789abcdef';
    const recent = `~${hostname()}~4194303~0123456789abcdef`;
    await mkdir(join(root, 'a'));
    for (const name of [dead, alive, foreign, recent]) await writeFile(join(root, 'a', name), 'half');
    const anHourAgo = Date.now() / 1000 - 3600;
    for (const name of [dead, alive, foreign]) await utimes(join(root, 'a', name), anHourAgo, anHourAgo);
    expect(await keysOf(store)).toEqual([]);
    expect((await readdir(join(root, 'a'))).sort()).toEqual([alive, foreign, recent].sort());
  });

  it('refuses writing where the system does', async () => {
    await store.put('locked/a', 'x');
    await chmod(root, 0o755);
    await chmod(join(root, 'locked'), 0o555);
    const isRoot = process.geteuid?.() === 0;
    // Root may write everywhere, so for these calls the process is somebody else.
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(store.put('locked/b', 'x')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
      await expect(store.delete('locked/a')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(join(root, 'locked'), 0o755);
    }
    expect(await keysOf(store)).toEqual(['locked/a']);
  });

  it('is opened on a folder that is made, never on a file', async () => {
    const path = join(root, 'deep/store');
    const opened = await openStore({ kind: 'directory', path });
    expect(opened.description).toBe(`directory ${path}`);
    await opened.put('a', 'x');
    await expect(openStore({ kind: 'directory', path: join(path, 'a') })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
    await expect(openStore({ kind: 'directory', path: join(path, 'a/b') })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
  });
});

await describeWith(['small disk'], 'DirectoryStore on a full disk', () => {
  it('says so, leaves nothing behind, keeps what was there, and goes on when there is space again', async () => {
    const disk = await smallDisk(1024 * 1024);
    const store = new DirectoryStore(disk);
    const source = join(await temporaryDirectory(), 'source');
    await writeFile(source, Buffer.alloc(2 * 1024 * 1024, 1));
    await store.put('a/kept', Buffer.alloc(500_000, 2));
    const refusal = { code: 'STORE_FULL', details: { file: 'a/kept' } };
    await expect(store.put('a/kept', Buffer.alloc(900_000, 3))).rejects.toMatchObject(refusal);
    await expect(store.putFile('a/kept', source)).rejects.toMatchObject(refusal);
    await expect(store.putFile('a/new', source, { ifAbsent: true })).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(await readdir(join(disk, 'a'))).toEqual(['kept']);
    expect(Buffer.alloc(500_000, 2).equals(await store.get('a/kept'))).toBe(true);
    await store.put('a/small', 'fits');
    expect(await keysOf(store)).toEqual(['a/kept', 'a/small']);
  });

  it('leaves no half local copy on it either', async () => {
    const disk = await smallDisk(256 * 1024);
    const store = new DirectoryStore(await temporaryDirectory());
    await store.put('large', Buffer.alloc(1024 * 1024));
    const target = join(disk, 'copy');
    await expect(store.getFile('large', target)).rejects.toMatchObject({
      code: 'STORE_FULL',
      details: { file: target },
    });
    expect(await readdir(disk)).toEqual([]);
  });
});
