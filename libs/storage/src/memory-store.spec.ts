import { describeObjectStore, temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { DirectoryStore, MemoryStore, type ObjectStore } from './index.js';

describeObjectStore('MemoryStore', async () => new MemoryStore());

describe.each([
  ['MemoryStore', async (): Promise<ObjectStore> => new MemoryStore()],
  ['DirectoryStore', async () => new DirectoryStore(await temporaryDirectory())],
])('%s', (_, open) => {
  it('refuses a key that would make an object a folder, in both directions', async () => {
    const store = await open();
    await store.put('a/b', 'object');
    for (const key of ['a/b/c', 'a']) {
      await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'KEY_INVALID', details: { file: key } });
      await expect(store.put(key, 'x', { ifAbsent: true })).rejects.toMatchObject({ code: 'KEY_INVALID' });
    }
    expect(Buffer.from(await store.get('a/b')).toString()).toBe('object');
  });
});
