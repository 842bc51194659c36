import { CodedError } from '@bluewaters/errors';
import { encodeGrant, parseGrant, termsKeys, type Grant, type Terms } from '@bluewaters/records';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';
import { findAcceptance } from './acceptances.js';
import { assertCustodian, findTerms, type PersonName } from './terms.js';

/** How a person stands towards a dataset with terms. */
export type Standing = 'custodian' | 'granted' | 'revoked' | 'accepted' | 'none';

/** A person's grant for the text that counts, also one that was revoked. @throws {CodedError} TERMS_INVALID, or the store's. */
export async function findGrant(
  store: ObjectStore,
  { dataset, sha256 }: Terms,
  person: PersonName,
): Promise<Grant | undefined> {
  const file = termsKeys.grant(dataset, sha256, person);
  const bytes = await getIfThere(store, file);
  if (!bytes) return undefined;
  const grant = parseGrant(bytes, { file });
  if (grant.person === person && grant.sha256 === sha256 && grant.dataset === dataset) return grant;
  const details = { file, expected: `${person}, ${dataset} and the text ${sha256}`, got: `${grant.person}` };
  throw new CodedError('TERMS_INVALID', 'A grant is of another person, dataset or text', { details });
}

/** All grants of the text that counts, by the names of those who have them; revoked ones too. */
export async function listGrants(store: ObjectStore, terms: Terms): Promise<Grant[]> {
  const grants: Grant[] = [];
  const prefix = termsKeys.grants(terms.dataset, terms.sha256);
  for await (const { key } of store.list(prefix)) {
    const grant = await findGrant(store, terms, key.slice(prefix.length).replace(/\.json$/u, ''));
    if (grant) grants.push(grant);
  }
  return grants;
}

/**
 * Lets a person use the dataset. One who has a grant keeps it.
 *
 * @param by Who grants it.
 * @throws {CodedError} ACCESS_REFUSED when that is not the custodian; TERMS_INVALID when the person has not accepted
 * the text that counts.
 */
export async function grantAccess(
  store: ObjectStore,
  terms: Terms,
  { person, by }: { readonly person: PersonName; readonly by: PersonName },
): Promise<Grant> {
  const { dataset, sha256 } = terms;
  assertCustodian(terms, by);
  if (!(await findAcceptance(store, terms, person))) {
    const file = termsKeys.acceptance(dataset, sha256, person);
    throw new CodedError('TERMS_INVALID', `${person} has not accepted the terms of ${dataset} as they are now`, {
      details: { file, expected: 'an acceptance', got: 'nothing' },
    });
  }
  const before = await findGrant(store, terms, person);
  if (before && !before.revoked) return before;
  const grantedAt = new Date().toISOString();
  return putGrant(store, { format: 'bluewaters.grant.v1', dataset, sha256, person, grantedBy: by, grantedAt });
}

/** Ends a grant. @throws {CodedError} ACCESS_REFUSED; TERMS_INVALID when the person has none that counts. */
export async function revokeAccess(
  store: ObjectStore,
  terms: Terms,
  { person, by }: { readonly person: PersonName; readonly by: PersonName },
): Promise<Grant> {
  assertCustodian(terms, by);
  const grant = await findGrant(store, terms, person);
  if (!grant || grant.revoked) {
    const file = termsKeys.grant(terms.dataset, terms.sha256, person);
    const details = { file, expected: 'a grant', got: grant ? 'one that is revoked' : 'nothing' };
    throw new CodedError('TERMS_INVALID', `${person} has no grant for ${terms.dataset}`, { details });
  }
  return putGrant(store, { ...grant, revoked: { by, at: new Date().toISOString() } });
}

/** @param person Undefined where nobody says who they are. */
export async function standingOf(store: ObjectStore, terms: Terms, person: PersonName | undefined): Promise<Standing> {
  if (person === undefined) return 'none';
  if (person === terms.custodian) return 'custodian';
  const grant = await findGrant(store, terms, person);
  if (grant) return grant.revoked ? 'revoked' : 'granted';
  return (await findAcceptance(store, terms, person)) ? 'accepted' : 'none';
}

const LACKS: Readonly<Record<Exclude<Standing, 'custodian' | 'granted'>, string>> = {
  revoked: 'whose grant was revoked',
  accepted: 'who has accepted the terms, but has no grant yet',
  none: 'who has not accepted the terms',
};

/**
 * Refuses a dataset with terms to whoever is not its custodian and has no grant for the text that counts. What cannot be
 * read of terms refuses too.
 *
 * @param person As a job or a command says it; undefined where nobody says who they are.
 * @returns The terms, where the dataset has some.
 * @throws {CodedError} ACCESS_REFUSED saying what is missing; TERMS_INVALID, or the store's.
 */
export async function assertAccess(
  store: ObjectStore,
  dataset: string,
  person: PersonName | undefined,
): Promise<Terms | undefined> {
  const terms = await findTerms(store, dataset);
  if (!terms) return undefined;
  const standing = await standingOf(store, terms, person);
  if (standing === 'custodian' || standing === 'granted') return terms;
  const got = person === undefined ? 'a request without a name' : `${person}, ${LACKS[standing]}`;
  const expected = `a grant of the custodian ${terms.custodian}`;
  throw new CodedError('ACCESS_REFUSED', `The dataset ${dataset} has terms of access`, {
    details: { file: termsKeys.entry(dataset), expected, got },
  });
}

async function putGrant(store: ObjectStore, grant: Grant): Promise<Grant> {
  await store.put(termsKeys.grant(grant.dataset, grant.sha256, grant.person), encodeGrant(grant));
  return grant;
}
