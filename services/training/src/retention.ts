import type { Checkpoint, Retention } from './checkpoints.js';
import type { RunContext } from './run-context.js';

type Folders = Pick<RunContext, 'checkpoints' | 'mirror' | 'request'>;

/**
 * Names the newest checkpoints up to `latest`, and that of the best epoch so far, in TensorFlow's state file, here and in
 * the store, each after it is there. The store may lack some that are here, when their writer was killed before it had copied them.
 */
export async function nameCheckpoints(
  { checkpoints, mirror, request }: Folders,
  latest: Checkpoint,
  best?: { readonly step: number },
): Promise<Retention> {
  const retention = await checkpoints.retain(latest.step, { newest: request.keepCheckpoints, also: best?.step });
  await mirror.commitCheckpoints(retention.kept);
  await mirror.commit([retention.state]);
  return retention;
}

/** Removes what is named no longer: in the store first, since a later start brings back what only the store has. */
export async function removeCheckpoints({ checkpoints, mirror }: Folders, stale: readonly string[]): Promise<void> {
  await mirror.remove(stale);
  await checkpoints.remove(stale);
}
