/** What docs/terms.md says that MinIO enforces: credentials that a grant lends read one dataset, until they are taken back. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MINIO_LOGIN, startMinio, temporaryDirectory, type TestServer } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { archiveFlags, writeArchive } from './support/pictures.js';

/** What a command said with `--json` when it failed. */
interface Failure {
  readonly error: { readonly code: string; readonly message: string };
}

describe('a grant for a dataset in MinIO', { timeout: 120_000 }, () => {
  let directory: string;
  let minio: TestServer;
  let credentials: string;
  let lent: NodeJS.ProcessEnv;

  const run = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> =>
    runCli([...args, '--store', `minio:${minio.url}/pictures`, '--json'], { env });
  const carol = (...args: string[]): Promise<Ended> =>
    run(
      {
        BLUEWATERS_PERSON: 'carol',
        BLUEWATERS_MINIO_ACCESS_KEY: MINIO_LOGIN.accessKey,
        BLUEWATERS_MINIO_SECRET_KEY: MINIO_LOGIN.secretKey,
      },
      ...args,
    );
  const maria = (...args: string[]): Promise<Ended> => run({ ...lent, BLUEWATERS_PERSON: 'maria' }, ...args);
  const verify = (dataset: string): string[] => ['shards', 'verify', '--dataset', dataset];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    minio = await startMinio();
    const archive = archiveFlags(await writeArchive(join(directory, 'archive'), { imagesPerSynset: 5 }));
    await writeFile(join(directory, 'terms.txt'), 'For research and teaching.\n');
    await writeFile(join(directory, 'signed.pdf'), '%PDF-1.7');
    const set = await carol('terms', 'set', 'flowers', '--text', join(directory, 'terms.txt'));
    const { sha256 } = set.json<{ readonly sha256: string }>();
    for (const dataset of ['flowers', 'birds']) {
      await carol('ingest', ...archive, '--dataset', dataset);
      expect((await carol('shards', 'build', '--dataset', dataset, '--train-shards', '2')).code).toBe(0);
    }
    const signature = ['--for', 'maria', '--name', 'Maria Curie', '--evidence', join(directory, 'signed.pdf')];
    const accepted = await carol('terms', 'accept', 'flowers', '--digest', sha256, ...signature);
    expect(accepted.json()).toMatchObject({ person: 'maria', enteredBy: 'carol' });
    credentials = join(directory, 'maria.env');
  }, 120_000);

  it('writes credentials into a file of its owner, and nowhere else', async () => {
    const granted = await carol('terms', 'grant', 'flowers', '--to', 'maria', '--credentials', credentials);
    expect(granted.json()).toMatchObject({ person: 'maria', opened: true, credentials });
    const text = await readFile(credentials, 'utf8');
    lent = Object.fromEntries([...text.matchAll(/^(\w+)='?([^'\n]+)'?$/gmu)].map(([, name, value]) => [name, value]));
    expect(Object.keys(lent)).toHaveLength(3);
    expect((await stat(credentials)).mode & 0o777).toBe(0o600);
    for (const secret of Object.values(lent)) expect(granted.stdout + granted.stderr).not.toContain(secret);
    const again = await carol('terms', 'grant', 'flowers', '--to', 'maria', '--credentials', credentials);
    expect(again.json<Failure>().error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await readFile(credentials, 'utf8')).toBe(text);
  });

  it('lets the person read this dataset and its terms', async () => {
    expect((await maria(...verify('flowers'))).json()).toMatchObject({ dataset: 'flowers', examples: 15 });
    expect((await maria('terms', 'show', 'flowers')).json()).toMatchObject({ standing: 'granted' });
  });

  it('lets the person read no other dataset, and write nothing, which MinIO itself refuses', async () => {
    const refused = async (...args: string[]): Promise<string> => (await maria(...args)).json<Failure>().error.code;
    expect(await refused(...verify('birds'))).toBe('STORE_REFUSED');
    expect(await refused('shards', 'build', '--dataset', 'flowers')).toBe('STORE_REFUSED');
    expect(await refused('shards', 'ls')).toBe('STORE_REFUSED');
  });

  it('reads nothing more once it is revoked', async () => {
    expect((await carol('terms', 'revoke', 'flowers', '--from', 'maria')).json()).toMatchObject({ shut: true });
    expect((await maria(...verify('flowers'))).json<Failure>().error.code).toBe('STORE_REFUSED');
  });

  it('is refused where the store is a directory, before anything is granted', async () => {
    const store = ['--store', join(directory, 'store'), '--json'];
    const env = { BLUEWATERS_PERSON: 'carol' };
    await runCli(['terms', 'set', 'flowers', '--text', join(directory, 'terms.txt'), ...store], { env });
    const file = join(directory, 'none.env');
    const granted = await runCli(['terms', 'grant', 'flowers', '--to', 'maria', '--credentials', file, ...store], {
      env,
    });
    expect(granted.json<Failure>().error.code).toBe('CONFIG_INVALID');
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
