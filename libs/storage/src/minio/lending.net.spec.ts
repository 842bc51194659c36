import { describeWith, MINIO_LOGIN, startMinio, type TestServer } from '@bluewaters/testing';
import { beforeAll, expect, it } from 'vitest';
import { endLoans, lendReading, type LentCredentials } from './lending.js';
import { MinioStore, type MinioOptions } from './minio-store.js';

const LOAN = {
  prefixes: ['datasets/flowers/'],
  keys: ['terms/flowers/terms.json'],
  seconds: 900,
  name: 'flowers.maria',
};

await describeWith(['minio'], 'credentials that MinIO lends', () => {
  let server: TestServer;
  let custodian: MinioOptions;
  let store: MinioStore;

  beforeAll(async () => {
    server = await startMinio();
    custodian = { url: server.url, bucket: 'lending', ...MINIO_LOGIN };
    store = await MinioStore.open(custodian);
    for (const key of ['datasets/flowers/a', 'datasets/flowers-2/a', 'datasets/birds/a', 'terms/flowers/terms.json']) {
      await store.put(key, key);
    }
  });

  const openBy = (lent: LentCredentials): Promise<MinioStore> => {
    const { accessKey, secretKey, sessionToken } = lent;
    return MinioStore.open({ url: server.url, bucket: 'lending', accessKey, secretKey, sessionToken });
  };

  const keysOf = async (of: MinioStore, prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of of.list(prefix)) keys.push(key);
    return keys;
  };

  it('read and list what was lent', async () => {
    const lent = await openBy(await lendReading(custodian, LOAN));
    expect(Buffer.from(await lent.get('datasets/flowers/a')).toString()).toBe('datasets/flowers/a');
    expect(await keysOf(lent, 'datasets/flowers/')).toEqual(['datasets/flowers/a']);
    expect(Buffer.from(await lent.get('terms/flowers/terms.json')).toString()).toBe('terms/flowers/terms.json');
    expect(await lent.stat('datasets/flowers/none')).toBeUndefined();
    await lent.close();
  });

  it('read nothing else, and neither write nor remove', async () => {
    const lent = await openBy(await lendReading(custodian, LOAN));
    const refusal = { code: 'STORE_REFUSED' };
    await expect(lent.get('datasets/birds/a')).rejects.toMatchObject(refusal);
    await expect(lent.get('datasets/flowers-2/a')).rejects.toMatchObject(refusal);
    await expect(keysOf(lent, 'datasets/')).rejects.toMatchObject(refusal);
    await expect(keysOf(lent, '')).rejects.toMatchObject(refusal);
    await expect(lent.put('datasets/flowers/a', 'mine')).rejects.toMatchObject(refusal);
    await expect(lent.put('datasets/flowers/b', 'mine')).rejects.toMatchObject(refusal);
    await expect(lent.delete('datasets/flowers/a')).rejects.toMatchObject(refusal);
    expect(Buffer.from(await store.get('datasets/flowers/a')).toString()).toBe('datasets/flowers/a');
    await lent.close();
  });

  it('do not lend further, and are nothing without their token or with another policy', async () => {
    const { accessKey, secretKey, sessionToken } = await lendReading(custodian, LOAN);
    const own = { ...custodian, accessKey, secretKey };
    await expect(lendReading({ ...own, sessionToken }, LOAN)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(MinioStore.open(own)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    const forged = await MinioStore.open({ ...own, sessionToken: `${sessionToken.slice(0, -2)}xx` });
    await expect(forged.get('datasets/flowers/a')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await forged.close();
  });

  it('end at once when they are taken back, those of one name alone', async () => {
    const [maria, paul] = [
      await openBy(await lendReading(custodian, LOAN)),
      await openBy(await lendReading(custodian, { ...LOAN, name: 'flowers.paul' })),
    ];
    await maria.get('datasets/flowers/a');
    await endLoans(custodian, 'flowers.maria');
    await expect(maria.get('datasets/flowers/a')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    expect(await paul.stat('datasets/flowers/a')).toBeDefined();
    await endLoans(custodian, 'flowers.nobody');
    await Promise.all([maria.close(), paul.close()]);
  });

  it('say when their time is over, which is as long as was asked', async () => {
    const asked = Date.now();
    const { expiresAt } = await lendReading(custodian, LOAN);
    const seconds = (Date.parse(expiresAt) - asked) / 1000;
    expect(seconds).toBeGreaterThan(890);
    expect(seconds).toBeLessThan(1000);
    await expect(lendReading(custodian, { ...LOAN, seconds: 60 })).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  it('are not lent by wrong credentials, or by a server that is not there', async () => {
    const wrong = { ...custodian, secretKey: 'wrong-secret' };
    await expect(lendReading(wrong, LOAN)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(endLoans(wrong, LOAN.name)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    const nowhere = { ...custodian, url: 'http://127.0.0.1:9' };
    await expect(lendReading(nowhere, LOAN)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
