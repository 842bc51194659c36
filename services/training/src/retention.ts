import type { Checkpoint, Retention } from './checkpoints.js';
import type { RunContext } from './run-context.js';

/** Where a run's checkpoints are. */
export type Folders = Pick<RunContext, 'checkpoints' | 'mirror'>;

/** What is kept beside the latest checkpoint. */
export interface Kept {
  /** Checkpoints up to the latest one. */
  readonly newest: number;
  /** The best epoch so far. */
  readonly best?: { readonly step: number } | undefined;
  /** Steps whose checkpoints are damaged. */
  readonly without?: readonly number[];
}

/**
 * Names the newest checkpoints up to `latest`, and that of the best epoch so far, in TensorFlow's state file, here and in
 * the store, each after it is there. The store may lack some that are here, when their writer was killed before it had copied them.
 */
export async function nameCheckpoints(
  { checkpoints, mirror }: Folders,
  latest: Checkpoint,
  { newest, best, without = [] }: Kept,
): Promise<Retention> {
  const retention = await checkpoints.retain(latest.step, { newest, also: best?.step, without });
  await mirror.commitCheckpoints(retention.kept);
  await mirror.commit([retention.state]);
  return retention;
}

/** Removes what is named no longer: in the store first, since a later start brings back what only the store has. */
export async function removeCheckpoints({ checkpoints, mirror }: Folders, stale: readonly string[]): Promise<void> {
  await mirror.remove(stale);
  await checkpoints.remove(stale);
}
