import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runKeys } from '@bluewaters/records';
import { closeFolder, type ObjectStore } from '@bluewaters/storage';

/** Where a run is. */
export interface RunPlace {
  readonly store: ObjectStore;
  /** A name. */
  readonly run: string;
  /** Folder of this machine for copies, where the store is remote. */
  readonly workDirectory: string;
}

/**
 * Makes the `checkpoint_dir` of a run: the store's own where that is a folder, else one of this machine for copies, which
 * is this account's alone, since there may be pictures among them that not everyone may see.
 */
export async function makeCheckpointFolder({ store, run, workDirectory }: RunPlace): Promise<string> {
  const own = store.localPath(runKeys.checkpoints(run).replace(/\/$/u, ''));
  if (own !== undefined) {
    await mkdir(own, { recursive: true });
    return own;
  }
  const copies = join(workDirectory, 'runs', run, 'checkpoint_dir');
  await closeFolder(copies);
  return copies;
}
