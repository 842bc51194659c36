/** Makes of what a killed job left a run that goes on, evaluates and exports. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { nameCheckpoints } from '../retention.js';
import { writeRunEntry, type RunEntry } from '../run-entry.js';
import { bestOf, upTo } from '../standing.js';
import { madeUpTo } from '../worlds.js';
import type { StoredRun } from './stored-run.js';

/** What was found and done. */
export interface Repaired {
  /** The step that the run goes on from; absent when it starts anew. */
  readonly step?: number;
  /** Steps whose files no longer are what they were. They stay where they are, and nothing names them. */
  readonly damaged: readonly number[];
  /** Steps whose writer was killed. Their files are gone. */
  readonly removed: readonly number[];
  /** What was not as it should be, in words; empty when nothing had to be done. */
  readonly done: readonly string[];
}

/**
 * Names exactly the whole checkpoints in TensorFlow's state file, removes what killed writers left, and lets `run.json`
 * say how far the run really is. An unreadable `run.json` is set aside: the command that started the run goes on with it.
 *
 * @throws {CodedError} RUN_HELD when somebody works on the run.
 */
export async function repair(run: StoredRun): Promise<Repaired> {
  return run.alone(async () => {
    const listed = await run.list();
    const stepsThatAre = (state: string): number[] => {
      return listed.filter((one) => one.state === state).map(({ step }) => step);
    };
    const [damaged, removed] = [stepsThatAre('damaged'), stepsThatAre('unfinished')];
    const latest = listed.find((one) => one.latest)?.step;
    await run.checkpoints.removeUnfinished();
    if (latest !== undefined) {
      await nameCheckpoints(run, await run.at(latest), { newest: listed.length, without: damaged });
    }
    const done = [
      ...removed.map((step) => `removed what a killed writer left of step ${step}`),
      ...damaged.map((step) => `the checkpoint of step ${step} is damaged and no longer named`),
      ...(run.entry ? await correctEntry(run, run.entry, latest) : []),
      ...(run.unreadable ? await setEntryAside(run) : []),
    ];
    return { ...(latest !== undefined && { step: latest }), damaged, removed, done };
  });
}

/** Lets the entry tell of a run that stopped after `latest`. */
async function correctEntry(run: StoredRun, entry: RunEntry, latest: number | undefined): Promise<string[]> {
  const { checkpointStep: _, evaluation: __, version: ___, ...rest } = entry;
  const step = latest ?? 0;
  const evaluations = upTo(entry.evaluations, step);
  const isTrue = entry.step === step && entry.checkpointStep === latest;
  if (isTrue && entry.state !== 'running') return [];
  const evaluation = evaluations.at(-1)?.evaluation;
  const path = await writeRunEntry(run.checkpoints.path, {
    ...rest,
    state: 'stopped',
    step,
    epoch: epochOf(entry, step),
    ...(latest !== undefined && { checkpointStep: latest }),
    ...(evaluation && { evaluation }),
    evaluations: [...evaluations],
    worlds: madeUpTo(entry.worlds, step),
  });
  await run.mirror.commit([path]);
  return [`run.json said ${entry.state} at step ${entry.step}; it says stopped at step ${step}`];
}

/** Passes over the training split that were completed by a step. Without an evaluation there was none. */
function epochOf({ evaluations }: RunEntry, step: number): number {
  const evaluated = bestOf(evaluations);
  return evaluated && evaluated.epoch > 0 ? Math.floor(step / (evaluated.step / evaluated.epoch)) : 0;
}

async function setEntryAside({ checkpoints, mirror }: StoredRun): Promise<string[]> {
  const path = join(checkpoints.path, 'run.json');
  await rename(path, `${path}.damaged`);
  await mirror.commit([`${path}.damaged`]);
  await mirror.remove(['run.json']);
  return ['run.json could not be read and is now run.json.damaged'];
}
