/** What a grant opens in the store itself, and a revocation shuts: so that the store enforces it, whatever the command. */
import { CodedError, toCodedError } from '@bluewaters/errors';
import { datasetPrefixes, termsKeys, type Terms } from '@bluewaters/records';
import type { PersonName } from '@bluewaters/registry';
import {
  endLoansOf,
  lendStore,
  letIntoFolder,
  shutOutOfFolder,
  type LentCredentials,
  type ObjectStore,
  type StoreOptions,
} from '@bluewaters/storage';
import type { Terminal } from './terminal.js';

/** A store with the options that it was opened by. */
export interface Doors {
  readonly store: ObjectStore;
  readonly storeOptions: StoreOptions;
}

/** What became of a door. */
export interface DoorResult {
  /** False where the store could not do it. */
  readonly done: boolean;
  /** Why not, and what a person can do instead. */
  readonly note?: string;
}

/** Tells the user what a store could not do. */
export function tellOfDoor({ note }: DoorResult, terminal: Terminal): void {
  if (note !== undefined) terminal.say(`  note: ${note}`);
}

/** Opens the folders of a dataset in a directory to a person's account; elsewhere nothing needs opening. */
export async function openDoors(doors: Doors, terms: Terms, person: PersonName): Promise<DoorResult> {
  return eachFolder(doors, terms, (path) => letIntoFolder(path, person));
}

/**
 * Shuts a person out: their account from the folders of a directory; in MinIO all credentials that this command's own
 * have lent them for the dataset.
 */
export async function shutDoors(doors: Doors, terms: Terms, person: PersonName): Promise<DoorResult> {
  const { storeOptions } = doors;
  if (storeOptions.kind !== 'minio') return eachFolder(doors, terms, (path) => shutOutOfFolder(path, person));
  return tried(
    () => endLoansOf(storeOptions, loanName(terms, person)),
    'credentials that were lent before work until their time is over',
  );
}

/**
 * Lends a person credentials of MinIO that read the dataset, its terms, and what is said there of the person.
 * @throws {CodedError} CONFIG_INVALID where the store is not MinIO; what MinIO says.
 */
export async function lendTo(
  { storeOptions }: Doors,
  { dataset, sha256 }: Terms,
  { person, seconds }: { readonly person: PersonName; readonly seconds: number },
): Promise<LentCredentials> {
  if (storeOptions.kind !== 'minio') {
    throw new CodedError('CONFIG_INVALID', 'Only MinIO lends credentials; a directory is opened to the account', {
      details: { field: 'credentials', expected: 'a store in MinIO', got: storeOptions.kind },
    });
  }
  return lendStore(storeOptions, {
    prefixes: datasetPrefixes(dataset),
    keys: [
      termsKeys.entry(dataset),
      termsKeys.text(dataset, sha256),
      termsKeys.acceptance(dataset, sha256, person),
      termsKeys.grant(dataset, sha256, person),
    ],
    seconds,
    name: loanName({ dataset }, person),
  });
}

function loanName({ dataset }: Pick<Terms, 'dataset'>, person: PersonName): string {
  return `bluewaters.${dataset}.${person}`;
}

async function eachFolder(
  { store }: Doors,
  { dataset }: Terms,
  change: (path: string) => Promise<void>,
): Promise<DoorResult> {
  const folders = datasetPrefixes(dataset).map((prefix) => store.localPath(prefix.replace(/\/$/u, '')));
  return tried(async () => {
    for (const folder of folders) if (folder !== undefined) await change(folder);
  }, 'the folders stay closed but to their owner and their group');
}

/** What a store cannot do is told, not hidden: the record of the grant counts for the commands all the same. */
async function tried(change: () => Promise<void>, otherwise: string): Promise<DoorResult> {
  try {
    await change();
    return { done: true };
  } catch (error) {
    const { code, message } = toCodedError(error);
    if (!['TOOL_MISSING', 'CONFIG_INVALID', 'STORE_REFUSED'].includes(code)) throw error;
    return { done: false, note: `${code}: ${message}; ${otherwise}` };
  }
}
