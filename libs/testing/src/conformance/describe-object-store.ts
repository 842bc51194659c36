import { randomBytes } from 'node:crypto';
import { readFile, writeFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectInfo, ObjectStore } from '@bluewaters/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../temporary-directory.js';

/** Larger than one part of an upload. */
const LARGE_BYTES = 17 * 1024 * 1024 + 3;

const REFUSED_KEYS = [
  ...['', '/', 'a/', '/a', 'a//b', '.', '..', '../a', 'a/../../b', 'a/./b'],
  ...['ä', 'a b', 'a\\b', 'a\0b', '~a', 'a\nb', 'a%2f'],
];

/**
 * The promises of `ObjectStore`, as tests for one adapter.
 * @param open Answers an empty store; closed after each test.
 */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name} keeps the promises of a store`, () => {
    let store: ObjectStore;
    let folder: string;

    beforeEach(async () => {
      store = await open();
      folder = await temporaryDirectory();
    });

    afterEach(() => store.close());

    const keysOf = async (prefix: string) => (await listed(store, prefix)).map(({ key }) => key);
    const file = async (bytes: Uint8Array) => {
      const path = join(folder, 'local');
      await writeFile(path, bytes);
      return path;
    };

    it.each([0, 1, 65_537])('gives back %i bytes as they were put', async (size) => {
      const bytes = new Uint8Array(randomBytes(size));
      expect(await store.put('a/b.bin', bytes)).toEqual({ key: 'a/b.bin', size });
      expect(new Uint8Array(await store.get('a/b.bin'))).toEqual(bytes);
      expect(await store.stat('a/b.bin')).toEqual({ key: 'a/b.bin', size });
    });

    it('stores text as UTF-8', async () => {
      await store.put('text', 'Zürich');
      expect(Buffer.from(await store.get('text')).toString('utf8')).toBe('Zürich');
      expect(await store.stat('text')).toEqual({ key: 'text', size: 7 });
    });

    it('keeps its bytes apart from those of the caller', async () => {
      const bytes = new Uint8Array([1, 2, 3]);
      await store.put('a', bytes);
      bytes.fill(9);
      (await store.get('a')).fill(9);
      (await store.getRange('a', { offset: 0, length: 2 })).fill(9);
      expect(new Uint8Array(await store.get('a'))).toEqual(new Uint8Array([1, 2, 3]));
    });

    it('replaces an object by a second put', async () => {
      await store.put('a/b', 'the first and longer one');
      await store.put('a/b', 'second');
      expect(Buffer.from(await store.get('a/b')).toString()).toBe('second');
    });

    it.each([0, 5, LARGE_BYTES])('copies a local file of %i bytes in and out', async (size) => {
      const bytes = randomBytes(size);
      const target = join(folder, 'made/on/the/way');
      expect(await store.putFile('large/file', await file(bytes))).toEqual({ key: 'large/file', size });
      expect(await store.getFile('large/file', target)).toEqual({ key: 'large/file', size });
      expect((await readFile(target)).equals(bytes)).toBe(true);
    });

    it('puts more than one part of bytes', async () => {
      const bytes = randomBytes(LARGE_BYTES);
      await store.put('large', bytes);
      expect(bytes.equals(await store.get('large'))).toBe(true);
    });

    it('leaves no local file when the object to copy is not there', async () => {
      await expect(store.getFile('missing', join(folder, 'out'))).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
      expect(await readdir(folder)).toEqual([]);
    });

    it('names a local file that is not there, and stores nothing', async () => {
      const missing = join(folder, 'missing');
      await expect(store.putFile('a', missing)).rejects.toMatchObject({
        code: 'FILE_NOT_FOUND',
        details: { file: missing },
      });
      await expect(store.putFile('a', folder)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
      expect(await keysOf('')).toEqual([]);
    });

    it('reads any range of an object', async () => {
      await store.put('a', '0123456789');
      const text = async (offset: number, length: number) =>
        Buffer.from(await store.getRange('a', { offset, length })).toString();
      expect(await text(0, 10)).toBe('0123456789');
      expect(await text(3, 4)).toBe('3456');
      expect(await text(9, 1)).toBe('9');
      expect(await text(10, 0)).toBe('');
    });

    it.each([
      { offset: 5, length: 6 },
      { offset: 10, length: 1 },
      { offset: 11, length: 0 },
      { offset: 50, length: 5 },
      { offset: -1, length: 3 },
      { offset: 0.5, length: 3 },
      { offset: 0, length: Number.NaN },
    ])('refuses the range $offset + $length of ten bytes', async (range) => {
      await store.put('a', '0123456789');
      await expect(store.getRange('a', range)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    });

    it('tells what is not there from what is', async () => {
      await store.put('a/b', 'x');
      expect(await store.stat('a/c')).toBeUndefined();
      expect(await store.stat('a')).toBeUndefined();
      for (const key of ['a/c', 'a', 'a/b/c', 'c']) {
        await expect(store.get(key)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND', details: { file: key } });
        await expect(store.getRange(key, { offset: 0, length: 0 })).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
        await expect(store.getRange(key, { offset: 0, length: 1 })).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
      }
    });

    it('lists in ascending key order what starts with a prefix, with sizes', async () => {
      const keys = ['007', '1e3', 'a-/x', 'a.b', 'a/b', 'a/b-c', 'a/b.c/d', 'a/c', 'a0', 'ab', 'b/a=1', 'b/a_2'];
      for (const key of [...keys].reverse()) await store.put(key, key);
      expect(await listed(store, '')).toEqual(keys.map((key) => ({ key, size: key.length })));
      expect(await keysOf('a/')).toEqual(['a/b', 'a/b-c', 'a/b.c/d', 'a/c']);
      expect(await keysOf('a/b')).toEqual(['a/b', 'a/b-c', 'a/b.c/d']);
      expect(await keysOf('a/b.')).toEqual(['a/b.c/d']);
      expect(await keysOf('a')).toEqual(keys.filter((key) => key.startsWith('a')));
      expect(await keysOf('a/b/')).toEqual([]);
      expect(await keysOf('nothing/here')).toEqual([]);
    });

    it('removes an object, and one that is not there', async () => {
      await store.put('a/b', 'x');
      await store.put('a/c', 'x');
      await store.delete('a/b');
      await store.delete('a/b');
      await store.delete('never/was');
      await store.delete('a');
      expect(await keysOf('')).toEqual(['a/c']);
    });

    it('takes a key whose folder was emptied, and then the folder again', async () => {
      await store.put('a/b/c', 'x');
      await store.delete('a/b/c');
      await store.put('a', 'x');
      await store.delete('a');
      await store.put('a/b', 'x');
      expect(await keysOf('')).toEqual(['a/b']);
    });

    it('puts with ifAbsent only where nothing is, whatever the size', async () => {
      await store.put('a', 'first', { ifAbsent: true });
      await expect(store.put('a', 'second', { ifAbsent: true })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
      const large = await file(randomBytes(LARGE_BYTES));
      await expect(store.putFile('a', large, { ifAbsent: true })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
      expect(Buffer.from(await store.get('a')).toString()).toBe('first');
      await store.putFile('b', large, { ifAbsent: true });
      expect(await store.stat('b')).toEqual({ key: 'b', size: LARGE_BYTES });
    });

    it('lets exactly one of many win who put the same new key', async () => {
      const puts = Array.from({ length: 8 }, (_, writer) => store.put('a', `writer ${writer}`, { ifAbsent: true }));
      const ended = await Promise.allSettled(puts);
      const winners = ended.flatMap(({ status }, writer) => (status === 'fulfilled' ? [writer] : []));
      expect(winners).toHaveLength(1);
      expect(Buffer.from(await store.get('a')).toString()).toBe(`writer ${winners[0]}`);
      for (const end of ended) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'OBJECT_EXISTS' });
      }
    });

    it('shows one whole version while writers replace an object', async () => {
      const versions = Array.from({ length: 6 }, (_, n) => Buffer.alloc(300_000 + n, n));
      await store.put('a', versions[0]!);
      let isWriting = true;
      const writing = Promise.all(versions.map((bytes) => store.put('a', bytes))).finally(() => (isWriting = false));
      do {
        const seen = Buffer.from(await store.get('a'));
        expect(versions.some((version) => version.equals(seen))).toBe(true);
        expect(await keysOf('')).toEqual(['a']);
      } while (isWriting);
      await writing;
    });

    it.each(REFUSED_KEYS)('refuses the key %j everywhere', (key) => refusesEverywhere(key));

    it('refuses keys that are too long, in part or whole', async () => {
      await refusesEverywhere('x'.repeat(201));
      await refusesEverywhere(Array.from({ length: 513 }, () => 'ab').join('/'));
    });

    const refusesEverywhere = async (key: string) => {
      const refusal = { code: 'KEY_INVALID' };
      const path = await file(new Uint8Array(1));
      await expect(store.put(key, 'x')).rejects.toMatchObject(refusal);
      await expect(store.putFile(key, path)).rejects.toMatchObject(refusal);
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(store.getRange(key, { offset: 0, length: 1 })).rejects.toMatchObject(refusal);
      await expect(store.getFile(key, join(folder, 'out'))).rejects.toMatchObject(refusal);
      await expect(store.stat(key)).rejects.toMatchObject(refusal);
      await expect(store.delete(key)).rejects.toMatchObject(refusal);
      expect(() => store.localPath(key)).toThrow(expect.objectContaining(refusal) as Error);
    };

    it.each(['../', '/', 'a//', 'a/../', 'ä'])('refuses the prefix %j', async (prefix) => {
      await expect(keysOf(prefix)).rejects.toMatchObject({ code: 'KEY_INVALID' });
    });

    it('holds the longest keys', async () => {
      const key = Array.from({ length: 5 }, () => 'k'.repeat(200)).join('/');
      await store.put(key, 'x');
      expect(await keysOf('k')).toEqual([key]);
    });
  });
}

async function listed(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) objects.push(info);
  return objects;
}
