/**
 * A run that nobody trains just now: which checkpoints it has, what they are worth, and putting in order what a killed
 * job left. Nothing here needs TensorFlow, the services, or the machine that the run was trained on.
 */
import { CodedError, isCodedError } from '@bluewaters/errors';
import type { Evaluation } from '@bluewaters/messages';
import { runKeys } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { CheckpointDirectory, type Checkpoint, type SurveyedStep } from '../checkpoints.js';
import { makeCheckpointFolder, type RunPlace } from '../checkpoint-folder.js';
import { Lease } from '../lease.js';
import { Mirror } from '../mirror.js';
import { removeCheckpoints, nameCheckpoints } from '../retention.js';
import { readRunEntry, requestDigest, type RunEntry } from '../run-entry.js';
import { bestOf } from '../standing.js';

/** A step of which there are files. */
export interface ListedCheckpoint extends SurveyedStep {
  /** On the validation split, where the step ended an epoch. */
  readonly evaluation?: Evaluation;
  /** Whether the run goes on from it. */
  readonly latest: boolean;
  /** Whether it has the highest top-1 of all epochs. */
  readonly best: boolean;
}

/** What was kept and what was removed. */
export interface Pruned {
  /** Steps, ascending. */
  readonly kept: readonly number[];
  readonly removed: readonly number[];
  /** That were made free. */
  readonly bytes: number;
}

/** Reads a run, and under its lease changes it. */
export class StoredRun {
  readonly run: string;
  readonly checkpoints: CheckpointDirectory;
  readonly mirror: Mirror;
  /** Undefined where `run.json` is missing or not to be read: {@link unreadable} says why. */
  readonly entry: RunEntry | undefined;
  readonly unreadable: CodedError | undefined;
  readonly #store: ObjectStore;

  private constructor(place: RunPlace, directory: string, entry: RunEntry | CodedError | undefined) {
    this.run = place.run;
    this.#store = place.store;
    this.entry = isCodedError(entry) ? undefined : entry;
    this.unreadable = isCodedError(entry) ? entry : undefined;
    this.checkpoints = new CheckpointDirectory(directory, this.entry && requestDigest(this.entry.request));
    this.mirror = new Mirror(place.store, runKeys.checkpoints(place.run), directory);
  }

  /** Brings what the store has, where that is elsewhere. @throws {CodedError} RUN_UNKNOWN when it has nothing. */
  static async open(place: RunPlace): Promise<StoredRun> {
    const { store, run } = place;
    await assertKnown(store, run);
    const directory = await makeCheckpointFolder(place);
    await new Mirror(store, runKeys.checkpoints(run), directory).fetchMissing();
    const entry = await readRunEntry(directory).catch((error: unknown) => {
      if (isCodedError(error, 'CHECKPOINT_INVALID')) return error;
      throw error;
    });
    return new StoredRun(place, directory, entry);
  }

  /** Every step of which there are files, ascending; whole ones have been read from end to end. */
  async list(): Promise<ListedCheckpoint[]> {
    const surveyed = await this.checkpoints.survey();
    const latest = surveyed.filter(({ state }) => state === 'whole').at(-1)?.step;
    const evaluations = this.entry?.evaluations ?? [];
    const best = bestOf(evaluations)?.step;
    return surveyed.map((one) => {
      const evaluation = evaluations.find(({ step }) => step === one.step)?.evaluation;
      return { ...one, ...(evaluation && { evaluation }), latest: one.step === latest, best: one.step === best };
    });
  }

  /**
   * The checkpoint of a step; by default the one that the run goes on from.
   * @throws {CodedError} CHECKPOINT_INVALID when it is not whole, or there is none.
   */
  async at(step?: number): Promise<Checkpoint> {
    const wanted = step ?? (await this.list()).find(({ latest }) => latest)?.step;
    if (wanted !== undefined) return this.checkpoints.at(wanted);
    throw new CodedError('CHECKPOINT_INVALID', `The run ${this.run} has no whole checkpoint`, {
      details: { file: this.checkpoints.path, expected: 'a whole checkpoint', got: 'none' },
    });
  }

  /** Does something to the run while nobody else does. @throws {CodedError} RUN_HELD when somebody works on it. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const lease = await Lease.take(this.#store, this.run);
    try {
      return await work();
    } finally {
      await lease.release();
    }
  }

  /**
   * Removes all but the newest whole checkpoints and that of the best epoch. Damaged and unfinished ones go too.
   *
   * @param newest At least 1, so that the run can go on.
   * @throws {CodedError} RUN_HELD; CHECKPOINT_INVALID when no checkpoint is whole, since then nothing may go.
   */
  async prune(newest: number): Promise<Pruned> {
    return this.alone(async () => {
      const listed = await this.list();
      const latest = await this.at();
      const best = listed.find((one) => one.best && one.state === 'whole');
      const without = listed.filter(({ state }) => state === 'damaged').map(({ step }) => step);
      const { kept, stale } = await nameCheckpoints(this, latest, { newest, best, without });
      await removeCheckpoints(this, stale);
      const steps = new Set(kept.map(({ step }) => step));
      const gone = listed.filter(({ step }) => !steps.has(step));
      return {
        kept: [...steps],
        removed: gone.map(({ step }) => step),
        bytes: gone.reduce((total, { bytes }) => total + bytes, 0),
      };
    });
  }
}

async function assertKnown(store: ObjectStore, run: string): Promise<void> {
  for await (const _ of store.list(runKeys.checkpoints(run))) return;
  throw new CodedError('RUN_UNKNOWN', `There is no run ${run} in ${store.description}`, {
    details: { field: 'run', expected: 'a run that `bluewaters status` lists', got: run },
  });
}
