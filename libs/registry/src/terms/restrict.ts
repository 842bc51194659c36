import { isCodedError, parseStored } from '@bluewaters/errors';
import { encodeRestriction, restrictionKey, runKeys, type Restriction, type Terms } from '@bluewaters/records';
import { closeFolder, getIfThere, isFolderClosed, type ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';

/** What a folder under these terms says of itself. */
export function restrictionOf({ dataset, sha256, custodian }: Terms): Restriction {
  return { format: 'bluewaters.restriction.v1', dataset, sha256, custodian };
}

/**
 * Puts a folder under terms: in a directory it is closed to all but its owner, and `restricted.json` in it says why. One
 * that is closed already stays as it is, so that those keep their way in who were let in.
 *
 * @param prefix Of the folder, with `/` at its end; it need not be there yet.
 * @throws {CodedError} STORE_REFUSED when the folder is another's.
 */
export async function restrict(store: ObjectStore, prefix: string, terms: Terms): Promise<void> {
  const key = restrictionKey(prefix);
  const restriction = encodeRestriction(restrictionOf(terms));
  const before = await getIfThere(store, key);
  const folder = store.localPath(prefix.replace(/\/$/u, ''));
  if (folder !== undefined && !(before && (await isFolderClosed(folder)))) await closeFolder(folder);
  if (!before || !Buffer.from(before).equals(restriction)) await store.put(key, restriction);
}

/** As training writes `run.json`. */
const RUN_FORMAT = 'bluewaters.run.v1';

/** What is read of `run.json`. */
const RunOnDataset = z.object({ request: z.object({ dataset: z.string() }) });

/**
 * Puts what earlier runs on a dataset left under its terms: their reports and event files show its pictures.
 *
 * @returns The names of the runs; one whose `run.json` cannot be read is not among them.
 * @throws {CodedError} As {@link restrict}; FORMAT_UNKNOWN for a run of another version, of which nobody here can say on
 * what it was trained.
 */
export async function restrictRuns(store: ObjectStore, terms: Terms): Promise<string[]> {
  const runs: string[] = [];
  for await (const { key } of store.list(runKeys.root)) {
    const run = /^runs\/([^/]+)\/checkpoint_dir\/run\.json$/u.exec(key)?.[1];
    if (run !== undefined && datasetOf(await store.get(key), key) === terms.dataset) runs.push(run);
  }
  for (const run of runs) await restrict(store, runKeys.checkpoints(run), terms);
  return runs;
}

function datasetOf(bytes: Uint8Array, file: string): string | undefined {
  try {
    const text = Buffer.from(bytes).toString('utf8');
    return parseStored(RunOnDataset, text, { format: RUN_FORMAT, file }).request.dataset;
  } catch (error) {
    if (isCodedError(error)) throw error;
    return undefined; // damaged: whoever goes on with that run says so
  }
}
