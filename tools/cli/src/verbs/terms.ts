import { readFile } from 'node:fs/promises';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { Name } from '@bluewaters/messages';
import { datasetPrefixes, type Grant, type Terms } from '@bluewaters/records';
import {
  acceptTerms,
  assertCustodian,
  findTerms,
  isSetAlready,
  listGrants,
  listTerms,
  readTerms,
  readTermsText,
  restrict,
  restrictRuns,
  revokeAccess,
  setTerms,
  standingOf,
  type Standing,
} from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { asPerson, whoActs, whoAsks } from '../person.js';
import { shutDoors, tellOfDoor } from '../store-doors.js';
import { formatTable, type Terminal } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace, type Workplace } from '../workplace.js';

/** Hexadecimal digits that are shown of a digest, and asked of who accepts: enough to tell two texts apart. */
const SHORT_DIGEST = 12;

const options = z.strictObject({ ...placeOptions, ...frameOptions });
const setOptions = options.extend({
  text: z.string().optional().describe('a file with the terms, in plain text'),
});
const acceptOptions = options.extend({
  name: z.string().optional().describe('the full name of who accepts'),
  digest: z
    .string()
    .optional()
    .describe(`of the text that was read, as \`terms show\` prints it; ${SHORT_DIGEST} digits do`),
  evidence: z.string().optional().describe('a file with the signed terms or a picture of them: PDF, PNG or JPEG'),
  for: z.string().optional().describe('the account of who has signed, where the custodian enters it for another'),
});

/** `bluewaters terms set` */
export const termsSet = defineVerb({
  options: setOptions,
  examples: [['$0 terms set flowers --text terms.txt', 'before or after its archive is indexed']],
  run: (values, { words, print, terminal }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const [dataset, by] = [theDataset(words), whoActs()];
      const text = (await readNamed('text', values.text)).toString('utf8');
      const { store } = workplace;
      const before = await findTerms(store, dataset);
      if (before) assertCustodian(before, by);
      const ended =
        before && !isSetAlready(before, text) ? await endAllGrants({ ...workplace, terminal }, before, by) : [];
      const terms = await setTerms(store, dataset, { text, by });
      for (const prefix of datasetPrefixes(dataset)) await restrict(store, prefix, terms);
      const runs = await restrictRuns(store, terms);
      print(`${dataset} is under terms ${short(terms.sha256)} since ${terms.since}; custodian: ${terms.custodian}`);
      if (runs.length > 0) print(`and so are the runs on it: ${runs.join(', ')}`);
      if (ended.length > 0) print(`grants that this ended: ${ended.map(({ person }) => person).join(', ')}`);
      return { ...terms, runs, ended };
    }),
});

/** Ends every grant of a text that is to count no more. */
async function endAllGrants(
  workplace: Workplace & { readonly terminal: Terminal },
  terms: Terms,
  by: string,
): Promise<Grant[]> {
  const ended: Grant[] = [];
  for (const { person, revoked } of await listGrants(workplace.store, terms)) {
    if (revoked) continue;
    ended.push(await revokeAccess(workplace.store, terms, { person, by }));
    tellOfDoor(await shutDoors(workplace, terms, person), workplace.terminal);
  }
  return ended;
}

/** `bluewaters terms show` */
export const termsShow = defineVerb({
  options,
  examples: [['$0 terms show flowers', 'read this before you accept']],
  run: (values, { words, print }) =>
    withWorkplace(readPlace(values), async ({ store }) => {
      const terms = await readTerms(store, theDataset(words));
      const text = await readTermsText(store, terms);
      const standing = await standingOf(store, terms, whoAsks());
      const isCustodian = standing === 'custodian';
      const grants = isCustodian ? await listGrants(store, terms) : undefined;
      print(text.trimEnd());
      print('');
      print(`digest ${short(terms.sha256)}, set ${terms.since} by the custodian ${terms.custodian}`);
      print(`you: ${MEANING[standing]}`);
      if (grants && grants.length > 0) {
        print('');
        formatTable(['who', 'granted', 'revoked'], grants.map(row)).forEach(print);
      }
      return { ...terms, text, standing, ...(grants && { grants }) };
    }),
});

const MEANING: Readonly<Record<Standing, string>> = {
  custodian: 'the custodian',
  granted: 'have a grant',
  revoked: 'had a grant, which was revoked',
  accepted: 'have accepted these terms; the custodian has not granted anything yet',
  none: 'have not accepted these terms',
};

function row({ person, grantedAt, revoked }: Grant): string[] {
  return [person, grantedAt, revoked?.at ?? ''];
}

/** `bluewaters terms accept` */
export const termsAccept = defineVerb({
  options: acceptOptions,
  examples: [
    ['$0 terms accept flowers --name "Maria Curie" --digest 3f1d0c4a9b77 --evidence signed.pdf', 'for yourself'],
    [
      '$0 terms accept flowers --for maria --name "Maria Curie" --digest 3f1d0c4a9b77 --evidence signed.pdf',
      'as custodian',
    ],
  ],
  run: (values, { words, print }) =>
    withWorkplace(readPlace(values), async ({ store }) => {
      const [terms, by] = [await readTerms(store, theDataset(words)), whoActs()];
      const person = values.for === undefined ? by : asPerson(values.for, 'for');
      if (!values.name?.trim()) throw missing('name', 'the full name of who accepts');
      assertRead(terms, values.digest);
      const evidence = { bytes: await readNamed('evidence', values.evidence), file: values.evidence ?? '' };
      const acceptance = await acceptTerms(store, terms, { person, name: values.name.trim(), by, evidence });
      print(`${person} has accepted the terms of ${terms.dataset}; now ask ${terms.custodian} for a grant`);
      return acceptance;
    }),
});

/** One accepts what one has read, not what someone has set since. */
function assertRead({ dataset, sha256 }: Terms, digest: string | undefined): void {
  if (digest !== undefined && digest.length >= SHORT_DIGEST && sha256.startsWith(digest.toLowerCase())) return;
  const details = { field: 'digest', expected: `the digest that \`terms show ${dataset}\` prints below the text` };
  throw new CodedError('CONFIG_INVALID', 'Say which text you accept', {
    details: { ...details, got: digest ?? 'nothing' },
  });
}

/** `bluewaters terms ls` */
export const termsList = defineVerb({
  options,
  examples: [['$0 terms ls', 'which datasets need a grant']],
  run: (values, { print }) =>
    withWorkplace(readPlace(values), async ({ store }) => {
      const listed = await listStandings(store);
      const rows = listed.map((one) => [one.dataset, short(one.sha256), one.custodian, one.since, one.standing]);
      if (rows.length === 0) print(`no dataset in ${store.description} has terms of access`);
      else formatTable(['dataset', 'digest', 'custodian', 'since', 'you'], rows).forEach(print);
      return { terms: listed };
    }),
});

async function listStandings(store: ObjectStore): Promise<(Terms & { readonly standing: Standing })[]> {
  const listed: (Terms & { readonly standing: Standing })[] = [];
  for await (const terms of listTerms(store)) {
    listed.push({ ...terms, standing: await standingOf(store, terms, whoAsks()) });
  }
  return listed;
}

/** The one dataset that a verb of terms is about. @throws {CodedError} CONFIG_INVALID. */
export function theDataset(words: readonly string[]): string {
  const parsed = words.length === 1 ? Name.safeParse(words[0]) : undefined;
  if (parsed?.success) return parsed.data;
  throw new CodedError('CONFIG_INVALID', 'Say which dataset: one name', {
    details: { field: 'DATASET', expected: 'the name of one dataset', got: words.join(' ') || 'nothing' },
  });
}

/** An option that a verb cannot do without. */
export function missing(option: string, expected: string): CodedError {
  return new CodedError('CONFIG_INVALID', `The option --${option} is missing`, {
    details: { field: option, expected },
  });
}

async function readNamed(option: string, file: string | undefined): Promise<Buffer> {
  if (file === undefined) throw missing(option, 'a file');
  return readFile(file).catch((cause: unknown) => {
    const { code, message } = toCodedError(cause, 'FILE_NOT_FOUND');
    throw new CodedError(code, message, { details: { file, field: option }, cause });
  });
}

function short(digest: string): string {
  return digest.slice(0, SHORT_DIGEST);
}
