import { describeWith, smallDisk } from '@bluewaters/testing';
import { expect, it } from 'vitest';
import { ShardFile } from './shard-file.js';

await describeWith(['small disk'], 'a scratch folder that is full', () => {
  it('ends a shard with STORE_FULL and leaves no file behind', async () => {
    const scratch = await smallDisk(1024 * 1024);
    const write = async (payloads: number): Promise<void> => {
      await using file = await ShardFile.create(scratch);
      for (let i = 0; i < payloads; i++) await file.append(new Uint8Array(100 * 1024));
      await file.finish();
    };
    await expect(write(30)).rejects.toMatchObject({ code: 'STORE_FULL' });
    // The space is free again.
    await write(5);
  });
});
