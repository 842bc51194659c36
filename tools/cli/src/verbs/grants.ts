import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { grantAccess, readTerms, revokeAccess } from '@bluewaters/registry';
import type { LentCredentials } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { asPerson, whoActs } from '../person.js';
import { lendTo, openDoors, shutDoors, tellOfDoor } from '../store-doors.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';
import { missing, theDataset } from './terms.js';

const SECONDS_AN_HOUR = 3600;
const OWNER_ALONE = 0o600;

const grantOptions = z.strictObject({
  to: z.string().optional().describe('the account of the person'),
  credentials: z.string().optional().describe('with MinIO: a new file for credentials that read this dataset alone'),
  hours: z.number().min(0.25).max(168).default(12).describe('how long the credentials work'),
  ...placeOptions,
  ...frameOptions,
});
const revokeOptions = z.strictObject({
  from: z.string().optional().describe('the account of the person'),
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters terms grant` */
export const termsGrant = defineVerb({
  options: grantOptions,
  examples: [
    ['$0 terms grant flowers --to maria', 'in a directory: opens it to her account'],
    ['$0 terms grant flowers --to maria --credentials maria.env --hours 8 --store minio:...', 'lends credentials'],
  ],
  run: ({ to, credentials: file, hours, ...values }, { words, print, terminal }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const { store } = workplace;
      if (to === undefined) throw missing('to', 'the account of a person');
      const person = asPerson(to, 'to');
      const terms = await readTerms(store, theDataset(words));
      if (file !== undefined) assertCanLend(file, values.store, workplace.storeOptions.kind);
      const grant = await grantAccess(store, terms, { person, by: whoActs() });
      const opened = await openDoors(workplace, terms, person);
      tellOfDoor(opened, terminal);
      print(`${person} may use ${terms.dataset}`);
      if (file === undefined) return { ...grant, opened: opened.done };
      const lent = await lendTo(workplace, terms, { person, seconds: Math.round(hours * SECONDS_AN_HOUR) });
      await writeCredentials(file, lent, `${person}, to read ${terms.dataset}`);
      print(`credentials that work until ${lent.expiresAt} are in ${file}`);
      return { ...grant, opened: opened.done, credentials: file, expiresAt: lent.expiresAt };
    }),
});

/** `bluewaters terms revoke` */
export const termsRevoke = defineVerb({
  options: revokeOptions,
  examples: [['$0 terms revoke flowers --from maria', 'the record of the grant stays, with the date']],
  run: ({ from, ...values }, { words, print, terminal }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      if (from === undefined) throw missing('from', 'the account of a person');
      const person = asPerson(from, 'from');
      const terms = await readTerms(workplace.store, theDataset(words));
      const grant = await revokeAccess(workplace.store, terms, { person, by: whoActs() });
      const shut = await shutDoors(workplace, terms, person);
      tellOfDoor(shut, terminal);
      print(`${person} may no longer use ${terms.dataset}`);
      return { ...grant, shut: shut.done };
    }),
});

/** Before anything is granted: half of what was asked is worse than a refusal. */
function assertCanLend(file: string, store: string, kind: string): void {
  if (existsSync(file)) throw notWritten(file);
  if (kind === 'minio') return;
  throw new CodedError('CONFIG_INVALID', 'Only MinIO lends credentials; a directory is opened to the account itself', {
    details: { field: 'credentials', expected: 'a store minio:http://host:9000/bucket', got: store },
  });
}

/** Never over another file, and for nobody else to read: what is in it is a password. */
async function writeCredentials(file: string, lent: LentCredentials, whose: string): Promise<void> {
  const lines = [
    `# Lent to ${whose}; until ${lent.expiresAt}. Use: set -a; . ./THIS-FILE; set +a`,
    `BLUEWATERS_MINIO_ACCESS_KEY=${lent.accessKey}`,
    `BLUEWATERS_MINIO_SECRET_KEY='${lent.secretKey}'`,
    `BLUEWATERS_MINIO_SESSION_TOKEN='${lent.sessionToken}'`,
  ];
  try {
    await writeFile(file, `${lines.join('\n')}\n`, { mode: OWNER_ALONE, flag: 'wx' });
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

function notWritten(file: string, cause?: unknown): CodedError {
  const details = { field: 'credentials', file, expected: 'a file that is not there yet, in a folder that is' };
  return new CodedError('CONFIG_INVALID', 'The credentials cannot be written', { details, cause });
}
