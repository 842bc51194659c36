import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetKeys, runKeys, termsKeys, type Terms } from '@bluewaters/records';
import { DirectoryStore, isFolderClosed, MemoryStore, type ObjectStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  acceptTerms,
  assertAccess,
  findAcceptance,
  grantAccess,
  listGrants,
  listTerms,
  readTermsText,
  restrict,
  restrictRuns,
  revokeAccess,
  setTerms,
  standingOf,
} from '../index.js';

const TEXT = 'Non-commercial research only. No redistribution.\n';
const PDF = { bytes: Buffer.from('%PDF-1.7 signed'), file: 'signed.pdf' };
const BY_CAROL = { person: 'maria', by: 'carol' } as const;

const accept = (store: ObjectStore, terms: Terms, by = 'maria') =>
  acceptTerms(store, terms, { person: 'maria', name: 'Maria Curie', by, evidence: PDF });

describe('a dataset with terms', () => {
  let store: MemoryStore;
  let terms: Terms;

  beforeEach(async () => {
    store = new MemoryStore();
    terms = await setTerms(store, 'flowers', { text: TEXT, by: 'carol' });
  });

  it('is refused to all but its custodian until a person has accepted and was granted, and after it was revoked', async () => {
    const refusal = (got: string) => ({ code: 'ACCESS_REFUSED', details: { got } });
    const asks = (person?: string) => assertAccess(store, 'flowers', person);
    await expect(asks()).rejects.toMatchObject(refusal('a request without a name'));
    await expect(asks('maria')).rejects.toMatchObject(refusal('maria, who has not accepted the terms'));
    await accept(store, terms);
    await expect(asks('maria')).rejects.toMatchObject(
      refusal('maria, who has accepted the terms, but has no grant yet'),
    );
    await grantAccess(store, terms, BY_CAROL);
    expect(await asks('maria')).toEqual(terms);
    expect(await asks('carol')).toEqual(terms);
    await expect(asks('mallory')).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    await revokeAccess(store, terms, BY_CAROL);
    await expect(asks('maria')).rejects.toMatchObject(refusal('maria, whose grant was revoked'));
    expect(await listGrants(store, terms)).toMatchObject([{ person: 'maria', revoked: { by: 'carol' } }]);
  });

  it('leaves datasets without terms open to all, whoever asks', async () => {
    expect(await assertAccess(store, 'digits', undefined)).toBeUndefined();
  });

  it('keeps what was accepted: the text by its digest, who, when, and the signed terms', async () => {
    const acceptance = await accept(store, terms);
    expect(await readTermsText(store, terms)).toBe(TEXT);
    expect(await findAcceptance(store, terms, 'maria')).toEqual(acceptance);
    expect(acceptance).toMatchObject({ name: 'Maria Curie', sha256: terms.sha256, enteredBy: 'maria' });
    expect(Buffer.from(await store.get(acceptance.evidence.key))).toEqual(PDF.bytes);
    expect(acceptance.evidence.key).toMatch(/accepted\/maria\.pdf$/u);
  });

  it('lets the custodian enter a signature for another, and nobody else', async () => {
    await expect(accept(store, terms, 'mallory')).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    expect(await accept(store, terms, 'carol')).toMatchObject({ person: 'maria', enteredBy: 'carol' });
  });

  it('takes an acceptance once, and evidence only in a form that people can open', async () => {
    const evidence = { bytes: Buffer.from('I accept'), file: 'signed.txt' };
    const of = { person: 'maria', name: 'Maria Curie', by: 'maria', evidence };
    await expect(acceptTerms(store, terms, of)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { file: 'signed.txt', field: 'evidence', got: 'another form' },
    });
    expect(await standingOf(store, terms, 'maria')).toBe('none');
    await accept(store, terms);
    await expect(accept(store, terms)).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
  });

  it('is granted by its custodian alone, and only to those who have accepted', async () => {
    await expect(grantAccess(store, terms, BY_CAROL)).rejects.toMatchObject({ code: 'TERMS_INVALID' });
    await accept(store, terms);
    const byMallory = { person: 'maria', by: 'mallory' };
    await expect(grantAccess(store, terms, byMallory)).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    const granted = await grantAccess(store, terms, BY_CAROL);
    expect(await grantAccess(store, terms, BY_CAROL)).toEqual(granted);
    await expect(revokeAccess(store, terms, byMallory)).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    await revokeAccess(store, terms, BY_CAROL);
    await expect(revokeAccess(store, terms, BY_CAROL)).rejects.toMatchObject({ code: 'TERMS_INVALID' });
    await grantAccess(store, terms, BY_CAROL);
    expect(await standingOf(store, terms, 'maria')).toBe('granted');
  });

  it('asks everyone anew when its text changes, which only its custodian may do', async () => {
    await accept(store, terms);
    await grantAccess(store, terms, BY_CAROL);
    const other = { text: `${TEXT}Cite us.\n`, by: 'mallory' };
    await expect(setTerms(store, 'flowers', other)).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    expect(await setTerms(store, 'flowers', { text: TEXT, by: 'carol' })).toEqual(terms);
    const changed = await setTerms(store, 'flowers', { ...other, by: 'carol' });
    expect(await standingOf(store, changed, 'maria')).toBe('none');
    await expect(assertAccess(store, 'flowers', 'maria')).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    // What was accepted before can still be read.
    expect(await findAcceptance(store, terms, 'maria')).toBeDefined();
  });

  it('has one custodian when two people set terms at the same moment', async () => {
    const texts = [
      { text: 'one', by: 'carol' },
      { text: 'two', by: 'dave' },
    ];
    const set = await Promise.allSettled(texts.map((each) => setTerms(store, 'birds', each)));
    expect(set.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const listed: string[] = [];
    for await (const { dataset } of listTerms(store)) listed.push(dataset);
    expect(listed).toEqual(['birds', 'flowers']);
  });

  it.each([
    ['damaged terms', termsKeys.entry('flowers'), '{"format":'],
    ['terms of another dataset', termsKeys.entry('flowers'), undefined],
  ])('refuses everyone because of %s', async (_, key, text) => {
    const birds = await setTerms(store, 'birds', { text: TEXT, by: 'maria' });
    await store.put(key, text ?? JSON.stringify(birds));
    await expect(assertAccess(store, 'flowers', 'maria')).rejects.toMatchObject({
      code: 'TERMS_INVALID',
      details: { file: key },
    });
  });

  it('takes no grant that was copied from another person or dataset', async () => {
    await accept(store, terms);
    await grantAccess(store, terms, BY_CAROL);
    const grant = await store.get(termsKeys.grant('flowers', terms.sha256, 'maria'));
    await store.put(termsKeys.grant('flowers', terms.sha256, 'mallory'), grant);
    await expect(assertAccess(store, 'flowers', 'mallory')).rejects.toMatchObject({ code: 'TERMS_INVALID' });
    const birds = await setTerms(store, 'birds', { text: TEXT, by: 'dave' });
    await store.put(termsKeys.grant('birds', birds.sha256, 'maria'), grant);
    await expect(assertAccess(store, 'birds', 'maria')).rejects.toMatchObject({ code: 'TERMS_INVALID' });
  });

  it('does not name a text that someone has changed', async () => {
    await store.put(termsKeys.text('flowers', terms.sha256), 'Do as you like.');
    await expect(readTermsText(store, terms)).rejects.toMatchObject({ code: 'TERMS_INVALID' });
  });
});

describe('in a directory', () => {
  it('a folder under terms is closed and says so, and one that was closed before keeps its way in', async () => {
    const root = await temporaryDirectory();
    const store = new DirectoryStore(root);
    const terms = await setTerms(store, 'flowers', { text: TEXT, by: 'carol' });
    await store.put(datasetKeys.manifest('flowers'), '{}');
    const prefix = datasetKeys.prefix('flowers');
    const mode = async (): Promise<number> => (await stat(join(root, prefix))).mode & 0o777;
    await restrict(store, prefix, terms);
    expect(await mode()).toBe(0o700);
    const said: unknown = JSON.parse(await readFile(join(root, prefix, 'restricted.json'), 'utf8'));
    expect(said).toEqual({
      format: 'bluewaters.restriction.v1',
      ...{ dataset: 'flowers', sha256: terms.sha256, custodian: 'carol' },
    });
    await chmod(join(root, prefix), 0o750); // as an access list or a group shows
    await restrict(store, prefix, terms);
    expect(await mode()).toBe(0o750);
    await chmod(join(root, prefix), 0o755);
    await restrict(store, prefix, terms);
    expect(await mode()).toBe(0o700);
  });

  it('what earlier runs on a dataset left is under its terms too, and not what runs on others left', async () => {
    const root = await temporaryDirectory();
    const store = new DirectoryStore(root);
    const leave = (run: string, text: string) => store.put(runKeys.entry(run), text);
    await leave('one', '{"request":{"dataset":"flowers"}}');
    await leave('two', '{"request":{"dataset":"birds"}}');
    await leave('three', '{"requ');
    const terms = await setTerms(store, 'flowers', { text: TEXT, by: 'carol' });
    expect(await restrictRuns(store, terms)).toEqual(['one']);
    const closed = ['one', 'two', 'three'].map((run) => isFolderClosed(join(root, runKeys.checkpoints(run))));
    expect(await Promise.all(closed)).toEqual([true, false, false]);
  });

  it.each(['bluewaters.run.v2', 'bluewaters.run.v0'])(
    'is said to be unsure of what a run of another version left: %s',
    async (got) => {
      const store = new DirectoryStore(await temporaryDirectory());
      const file = runKeys.entry('one');
      await store.put(file, JSON.stringify({ format: got, of: 'flowers' }));
      const terms = await setTerms(store, 'flowers', { text: TEXT, by: 'carol' });
      await expect(restrictRuns(store, terms)).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        details: { file, expected: 'bluewaters.run.v1', got },
      });
    },
  );

  it('people write their acceptances themselves, next to those of others that they cannot take away', async () => {
    const root = await temporaryDirectory();
    const terms = await setTerms(new DirectoryStore(root), 'flowers', { text: TEXT, by: 'carol' });
    const folder = join(root, termsKeys.acceptances('flowers', terms.sha256));
    expect((await stat(folder)).mode & 0o7777).toBe(0o1777);
  });
});
