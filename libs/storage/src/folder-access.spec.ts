import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWith, OTHER_ACCOUNT, readAsOther, temporaryDirectory } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  closeFolder,
  DirectoryStore,
  isFolderClosed,
  letIntoFolder,
  openFolderToAll,
  shutOutOfFolder,
} from './index.js';

describe('a folder', () => {
  it('is made, and closed, so that only its owner may enter it', async () => {
    const folder = join(await temporaryDirectory(), 'datasets/flowers');
    expect(await isFolderClosed(folder)).toBe(false);
    await closeFolder(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await isFolderClosed(folder)).toBe(true);
    await chmod(folder, 0o755);
    expect(await isFolderClosed(folder)).toBe(false);
  });

  it('is not opened to someone who has no account', async () => {
    const folder = await temporaryDirectory();
    const refusal = { code: 'CONFIG_INVALID', details: { file: folder, got: 'no-such-account' } };
    await expect(letIntoFolder(folder, 'no-such-account')).rejects.toMatchObject(refusal);
    await expect(letIntoFolder(folder, '-rf')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(shutOutOfFolder(folder, 'no-such-account')).rejects.toMatchObject(refusal);
  });
});

await describeWith(['other accounts'], 'another account', () => {
  let root: string;
  let folder: string;
  let old: string;

  beforeEach(async () => {
    root = await temporaryDirectory();
    await chmod(root, 0o755);
    folder = join(root, 'datasets/flowers');
    await mkdir(join(folder, 'deeper'), { recursive: true });
    old = join(folder, 'deeper/shard');
    await writeFile(old, 'pictures', { mode: 0o640 });
  });

  it('reads nothing of a closed folder until it is let in, then also what is written later, and nothing once shut out', async () => {
    await chmod(old, 0o644);
    expect(await readAsOther(old)).toBe('pictures');
    await closeFolder(folder);
    expect(await readAsOther(old)).toBeUndefined();
    await letIntoFolder(folder, OTHER_ACCOUNT.name);
    expect(await readAsOther(old)).toBe('pictures');
    const store = new DirectoryStore(root);
    await store.put('datasets/flowers/later/manifest.json', '{}');
    expect(await readAsOther(join(folder, 'later/manifest.json'))).toBe('{}');
    expect(await isFolderClosed(folder)).toBe(true);
    await shutOutOfFolder(folder, OTHER_ACCOUNT.name);
    expect(await readAsOther(old)).toBeUndefined();
    expect(await readAsOther(join(folder, 'later/manifest.json'))).toBeUndefined();
    await shutOutOfFolder(folder, OTHER_ACCOUNT.name);
  });

  it('may add to a folder that is open to all, and not take away what others added', async () => {
    const accepted = join(root, 'accepted');
    await openFolderToAll(accepted);
    await writeFile(join(accepted, 'carol.json'), '{}');
    asOther();
    const store = new DirectoryStore(root);
    await store.put('accepted/nobody.json', '{}');
    await expect(store.put('accepted/carol.json', 'forged')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(store.delete('accepted/carol.json')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    expect(await store.stat('accepted/nobody.json')).toEqual({ key: 'accepted/nobody.json', size: 2 });
  });

  it('lists a store without what is in closed folders, and is refused these by name', async () => {
    const owner = new DirectoryStore(root);
    await owner.put('datasets/digits/manifest.json', '{}');
    await closeFolder(folder);
    asOther();
    const store = new DirectoryStore(root);
    const keysOf = async (prefix: string): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix)) keys.push(key);
      return keys;
    };
    expect(await keysOf('datasets/')).toEqual(['datasets/digits/manifest.json']);
    await expect(keysOf('datasets/flowers/')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(store.get('datasets/flowers/deeper/shard')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(closeFolder(join(root, 'datasets/digits'))).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  afterEach(() => process.seteuid?.(0));
});

/** From here to the end of the test this process is the other account. */
function asOther(): void {
  process.seteuid?.(OTHER_ACCOUNT.uid);
}
