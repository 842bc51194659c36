/** The terms of access of datasets as the store has them: which text counts, and since when. */
import { createHash } from 'node:crypto';
import { CodedError } from '@bluewaters/errors';
import { encodeTerms, parseTerms, termsKeys, type Person, type Terms } from '@bluewaters/records';
import { getIfThere, openFolderToAll, type ObjectStore } from '@bluewaters/storage';
import type { z } from 'zod';

/** A name as grants have it; see `Person` of libs/records. */
export type PersonName = z.infer<typeof Person>;

/** The terms of a dataset, or undefined where it has none. @throws {CodedError} TERMS_INVALID, or the store's. */
export async function findTerms(store: ObjectStore, dataset: string): Promise<Terms | undefined> {
  const file = termsKeys.entry(dataset);
  const bytes = await getIfThere(store, file);
  if (!bytes) return undefined;
  const terms = parseTerms(bytes, { file });
  if (terms.dataset === dataset) return terms;
  const details = { file, field: 'dataset', expected: dataset, got: terms.dataset };
  throw new CodedError('TERMS_INVALID', 'Terms lie under another dataset than their own', { details });
}

/** The terms of a dataset that must have some. @throws {CodedError} TERMS_INVALID. */
export async function readTerms(store: ObjectStore, dataset: string): Promise<Terms> {
  const terms = await findTerms(store, dataset);
  if (terms) return terms;
  const details = { file: termsKeys.entry(dataset), expected: 'terms of access', got: 'nothing' };
  throw new CodedError('TERMS_INVALID', `The dataset ${dataset} has no terms of access`, { details });
}

/** The text that counts. @throws {CodedError} TERMS_INVALID when it is gone or not the one that was set. */
export async function readTermsText(store: ObjectStore, { dataset, sha256 }: Terms): Promise<string> {
  const file = termsKeys.text(dataset, sha256);
  const bytes = await getIfThere(store, file);
  const got = bytes && digestOf(bytes);
  if (bytes && got === sha256) return Buffer.from(bytes).toString('utf8');
  const details = { file, expected: `sha256 ${sha256}`, got: got ?? 'nothing' };
  throw new CodedError('TERMS_INVALID', 'The text of the terms is not the one that was set', { details });
}

/** The terms of all datasets that have some, by their names. */
export async function* listTerms(store: ObjectStore): AsyncGenerator<Terms> {
  for await (const { key } of store.list(termsKeys.root)) {
    const dataset = /^terms\/([^/]+)\/terms\.json$/u.exec(key)?.[1];
    if (dataset !== undefined) yield await readTerms(store, dataset);
  }
}

/** True when a text is the one that counts already. */
export function isSetAlready({ sha256 }: Terms, text: string): boolean {
  return sha256 === digestOf(Buffer.from(text));
}

/**
 * Puts a dataset under a text. Who does it first becomes its custodian. After another text later, acceptances and grants
 * of the one before count no more; they stay as records.
 *
 * @param by Who sets it.
 * @throws {CodedError} ACCESS_REFUSED for another than the custodian; OBJECT_EXISTS when someone else was just quicker.
 */
export async function setTerms(
  store: ObjectStore,
  dataset: string,
  { text, by }: { readonly text: string; readonly by: PersonName },
): Promise<Terms> {
  const before = await findTerms(store, dataset);
  if (before) assertCustodian(before, by);
  if (before && isSetAlready(before, text)) return before;
  const sha256 = digestOf(Buffer.from(text));
  const since = new Date().toISOString();
  const terms: Terms = { format: 'bluewaters.terms.v1', dataset, sha256, custodian: by, since };
  await store.put(termsKeys.text(dataset, sha256), text);
  // In a directory people write their acceptances themselves.
  const acceptances = store.localPath(termsKeys.acceptances(dataset, sha256).replace(/\/$/u, ''));
  if (acceptances !== undefined) await openFolderToAll(acceptances);
  await store.put(termsKeys.entry(dataset), encodeTerms(terms), { ifAbsent: before === undefined });
  return terms;
}

/** @throws {CodedError} ACCESS_REFUSED for anyone but the custodian. */
export function assertCustodian({ dataset, custodian }: Terms, by: PersonName): void {
  if (by === custodian) return;
  const details = { file: termsKeys.entry(dataset), field: 'custodian', expected: custodian, got: by };
  throw new CodedError('ACCESS_REFUSED', `Only the custodian decides on the terms of ${dataset}`, { details });
}

/** Sha256 in hexadecimal. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
