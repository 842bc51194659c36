import { CodedError } from '@bluewaters/errors';
import { encodeAcceptance, parseAcceptance, termsKeys, type Acceptance, type Terms } from '@bluewaters/records';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';
import { digestOf, type PersonName } from './terms.js';

/** Enough for a scan of some pages; what is larger was hardly meant. */
const MOST_EVIDENCE_BYTES = 50_000_000;

/** What files of evidence start with, by the ending that they get. */
const FORMS: readonly (readonly [ending: string, start: Buffer])[] = [
  ['pdf', Buffer.from('%PDF-')],
  ['png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['jpg', Buffer.from([0xff, 0xd8, 0xff])],
];

/** What is said when a person accepts terms. */
export interface AcceptanceOf {
  readonly person: PersonName;
  /** In full. */
  readonly name: string;
  /** Who enters it: the person or the custodian. */
  readonly by: PersonName;
  /** The signed terms or a picture of them: bytes of a PDF, PNG or JPEG, and the file that they come from. */
  readonly evidence: { readonly bytes: Uint8Array; readonly file: string };
}

/** A person's acceptance of the text that counts, or undefined. @throws {CodedError} TERMS_INVALID, or the store's. */
export async function findAcceptance(
  store: ObjectStore,
  { dataset, sha256 }: Terms,
  person: PersonName,
): Promise<Acceptance | undefined> {
  const file = termsKeys.acceptance(dataset, sha256, person);
  const bytes = await getIfThere(store, file);
  if (!bytes) return undefined;
  const acceptance = parseAcceptance(bytes, { file });
  if (acceptance.person === person && acceptance.sha256 === sha256) return acceptance;
  const details = { file, expected: `${person} and the text ${sha256}`, got: `${acceptance.person}` };
  throw new CodedError('TERMS_INVALID', 'An acceptance is of another person or text', { details });
}

/**
 * Enters that a person accepts the text that counts; evidence first, and once.
 *
 * @throws {CodedError} ACCESS_REFUSED when it is neither the person nor the custodian who enters it; CONFIG_INVALID for
 * evidence in no known form; OBJECT_EXISTS when the person has accepted already.
 */
export async function acceptTerms(store: ObjectStore, terms: Terms, of: AcceptanceOf): Promise<Acceptance> {
  const { dataset, sha256, custodian } = terms;
  const { person, name, by, evidence } = of;
  if (by !== person && by !== custodian) {
    const details = { field: 'for', expected: `${by}, or to be the custodian ${custodian}`, got: person };
    throw new CodedError('ACCESS_REFUSED', 'Nobody accepts terms for another, but the custodian for a signature', {
      details,
    });
  }
  const ending = formOf(evidence);
  const file = termsKeys.acceptance(dataset, sha256, person);
  if (await store.stat(file)) throw acceptedAlready(person, file);
  const key = termsKeys.evidence(dataset, sha256, { person, ending });
  const { size } = await store.put(key, evidence.bytes);
  const acceptance: Acceptance = {
    format: 'bluewaters.acceptance.v1',
    ...{ dataset, sha256, person, name },
    acceptedAt: new Date().toISOString(),
    enteredBy: by,
    evidence: { key, sha256: digestOf(evidence.bytes), size },
  };
  await store.put(file, encodeAcceptance(acceptance), { ifAbsent: true });
  return acceptance;
}

function formOf({ bytes, file }: AcceptanceOf['evidence']): string {
  const [ending] = FORMS.find(([, start]) => start.equals(bytes.subarray(0, start.length))) ?? [];
  if (ending !== undefined && bytes.length <= MOST_EVIDENCE_BYTES) return ending;
  const got = ending === undefined ? 'another form' : `${bytes.length} bytes`;
  const expected = `a PDF, PNG or JPEG of at most ${MOST_EVIDENCE_BYTES} bytes`;
  throw new CodedError('CONFIG_INVALID', 'Evidence is the signed terms, or a picture of them', {
    details: { file, field: 'evidence', expected, got },
  });
}

function acceptedAlready(person: PersonName, file: string): CodedError {
  return new CodedError('OBJECT_EXISTS', `${person} has accepted these terms already`, { details: { file } });
}
