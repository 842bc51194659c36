import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CodedError, isCodedError, parseStored } from '@bluewaters/errors';
import { writeCheckpointState } from '@bluewaters/tensorflow';
import { z } from 'zod';
import { digestFile, writeWhole } from './files.js';

/** `model.ckpt-STEP.json`: written after TensorFlow's files, so that a checkpoint without it never was complete. */
const CheckpointEntry = z.strictObject({
  format: z.literal('bluewaters.checkpoint.v1'),
  step: z.int().nonnegative(),
  /** Of the request that made it, so that weights of another run are never taken. */
  request: z.string(),
  files: z.array(z.strictObject({ name: z.string(), size: z.int(), sha256: z.string() })),
  /** What bit-equal resuming depends on. */
  engine: z.strictObject({
    tensorflow: z.string(),
    cpu: z.string(),
    oneDnn: z.boolean(),
    threads: z.int(),
    /** Whether there were operations of our own; entries from before they computed gradients do not say. */
    ownOperations: z.boolean().optional(),
  }),
});
type CheckpointEntry = z.infer<typeof CheckpointEntry>;

/** A checkpoint that has been verified. */
export interface Checkpoint {
  readonly step: number;
  /** What TensorFlow calls it: the path without `.index`. */
  readonly prefix: string;
  /** Its files by absolute path, the entry last. */
  readonly files: readonly string[];
}

/** What there is of a step, and what it is good for. */
export interface SurveyedStep {
  readonly step: number;
  /** Of all its files. */
  readonly bytes: number;
  /** `unfinished`: its writer was killed before it was a checkpoint. `damaged`: it was one, and is no more. */
  readonly state: 'whole' | 'damaged' | 'unfinished';
  /** Of a damaged one: which file is not as it should be. */
  readonly problem?: CodedError;
}

/** What of a folder is kept and what is not, once the state file names it. */
export interface Retention {
  /** Oldest first. */
  readonly kept: readonly Checkpoint[];
  /** Absolute path of TensorFlow's state file, `checkpoint`, which names exactly those. */
  readonly state: string;
  /** Names of the files of every other checkpoint and of killed writers, in the order in which they may go. */
  readonly stale: readonly string[];
}

/**
 * Names the checkpoint files of a `checkpoint_dir`, verifies them, and keeps the newest few. Whoever reads TensorFlow's
 * state file finds all that it names, at every moment: a checkpoint is named after it is whole and forgotten before it
 * goes.
 */
export class CheckpointDirectory {
  readonly path: string;
  readonly #request: string | undefined;

  /** @param path The `checkpoint_dir`. @param request Digest of the request whose weights these are, where it is known. */
  constructor(path: string, request: string | undefined) {
    this.path = path;
    this.#request = request;
  }

  /** Where TensorFlow writes the checkpoint of a step. */
  prefix(step: number): string {
    return join(this.path, `model.ckpt-${step}`);
  }

  /** Makes what TensorFlow wrote at `prefix(step)` a checkpoint: digests, then the entry. `retain` names it. */
  async complete(step: number, engine: CheckpointEntry['engine']): Promise<Checkpoint> {
    const request = this.#request;
    if (request === undefined) throw new CodedError('INTERNAL', 'Nobody knows what these are weights of');
    const names = (await readdir(this.path)).filter((name) => belongsTo(name, step) && !name.endsWith('.json')).sort();
    const files = await Promise.all(
      names.map(async (name) => ({ name, ...(await digestFile(join(this.path, name))) })),
    );
    const entry: CheckpointEntry = { format: 'bluewaters.checkpoint.v1', step, request, files, engine };
    await writeWhole(`${this.prefix(step)}.json`, `${JSON.stringify(entry, null, 2)}\n`);
    return this.#describe(entry);
  }

  /**
   * The newest checkpoint that is whole, or undefined.
   * @param onInvalid Told of each newer one that had to be passed over, because it is damaged or of another run.
   * @throws {CodedError} FORMAT_UNKNOWN for one that another version of Blue Waters ML has written: it may be whole.
   */
  async latest(onInvalid: (error: CodedError) => void): Promise<Checkpoint | undefined> {
    for (const step of (await this.#steps()).reverse()) {
      try {
        return await this.#verify(step);
      } catch (error) {
        onInvalid(asDamaged(error));
      }
    }
    return undefined;
  }

  /** Which TensorFlow wrote a checkpoint, on what machine. @throws {CodedError} CHECKPOINT_INVALID. */
  async engineOf({ step }: Checkpoint): Promise<CheckpointEntry['engine']> {
    return (await this.#readEntry(step)).engine;
  }

  /** The checkpoint of a step. @throws {CodedError} CHECKPOINT_INVALID when it is not whole, or not there. */
  async at(step: number): Promise<Checkpoint> {
    if ((await this.#steps()).includes(step)) return this.#verify(step);
    throw invalid(step, `${this.prefix(step)}.json`, 'the file', 'nothing');
  }

  /** Every step of which there is a file, ascending. Nothing is changed. @throws {CodedError} FORMAT_UNKNOWN. */
  async survey(): Promise<SurveyedStep[]> {
    const names = await readdir(this.path);
    const entered = await this.#steps();
    const steps = [...new Set(names.map(stepOf).filter((step) => step !== undefined))].sort((a, b) => a - b);
    const surveyed: SurveyedStep[] = [];
    for (const step of steps) {
      const files = names.filter((name) => belongsTo(name, step));
      const sizes = await Promise.all(files.map(async (name) => (await stat(join(this.path, name))).size));
      const bytes = sizes.reduce((total, size) => total + size, 0);
      const problem = entered.includes(step) ? await this.#problemOf(step) : undefined;
      const state = problem ? 'damaged' : entered.includes(step) ? 'whole' : 'unfinished';
      surveyed.push({ step, bytes, state, ...(problem && { problem }) });
    }
    return surveyed;
  }

  /**
   * Names the `newest` checkpoints up to `step` in the state file, and the one of step `also`. Later ones are of a time
   * before the run had to go back, because they could not be used; so are those `without`.
   * @throws {CodedError} FORMAT_UNKNOWN before anything is named or forgotten.
   */
  async retain(
    step: number,
    keep: { readonly newest: number; readonly also?: number | undefined; readonly without?: readonly number[] },
  ): Promise<Retention> {
    const steps = (await this.#steps()).filter((each) => each <= step && !keep.without?.includes(each));
    const entries = await Promise.all(steps.map((each) => this.#readEntry(each).catch(passOver)));
    const whole = entries.filter((entry) => entry !== undefined);
    const kept = whole
      .filter((entry, index) => index >= whole.length - keep.newest || entry.step === keep.also)
      .map((entry) => this.#describe(entry));
    const names = kept.map(({ prefix }) => basename(prefix));
    await writeCheckpointState(this.path, { latest: basename(this.prefix(step)), all: names });
    const stale = await this.#filesExcept(new Set(kept.map((each) => each.step)));
    return { kept, state: join(this.path, 'checkpoint'), stale };
  }

  /** Removes files that `retain` called stale. */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.path, name), { recursive: true, force: true });
  }

  /** Removes what killed processes left half-written. */
  async removeUnfinished(): Promise<void> {
    await this.remove(await this.#filesExcept(new Set(await this.#steps())));
  }

  /** Entries come first: a checkpoint without its entry is none. */
  async #filesExcept(steps: ReadonlySet<number>): Promise<string[]> {
    const others = (await readdir(this.path)).filter((name) => {
      const step = stepOf(name);
      return step !== undefined && !steps.has(step);
    });
    return others.sort((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json')));
  }

  /** Steps that have an entry, ascending. */
  async #steps(): Promise<number[]> {
    const steps = (await readdir(this.path)).map((name) => /^model\.ckpt-(\d+)\.json$/u.exec(name)?.[1]);
    return steps
      .filter((step) => step !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  async #verify(step: number): Promise<Checkpoint> {
    const entry = await this.#readEntry(step);
    for (const expected of entry.files) {
      const file = join(this.path, expected.name);
      const found = await digestFile(file).catch((error: unknown) => {
        throw invalid(step, file, 'the file', 'nothing', error);
      });
      if (found.size !== expected.size) throw invalid(step, file, `${expected.size} bytes`, `${found.size} bytes`);
      if (found.sha256 !== expected.sha256) throw invalid(step, file, `sha256 ${expected.sha256}`, found.sha256);
    }
    return this.#describe(entry);
  }

  async #problemOf(step: number): Promise<CodedError | undefined> {
    try {
      await this.#verify(step);
      return undefined;
    } catch (error) {
      return asDamaged(error);
    }
  }

  async #readEntry(step: number): Promise<CheckpointEntry> {
    const file = `${this.prefix(step)}.json`;
    const text = await readFile(file, 'utf8');
    let entry: CheckpointEntry;
    try {
      entry = parseStored(CheckpointEntry, text, { format: CheckpointEntry.shape.format.value, file });
    } catch (error) {
      if (isCodedError(error)) throw error;
      throw invalid(step, file, 'bluewaters.checkpoint.v1', 'something else', error);
    }
    if (this.#request !== undefined && entry.request !== this.#request) {
      throw invalid(step, file, `request ${this.#request}`, entry.request);
    }
    return entry;
  }

  #describe(entry: CheckpointEntry): Checkpoint {
    const prefix = this.prefix(entry.step);
    return {
      step: entry.step,
      prefix,
      files: [...entry.files.map(({ name }) => join(this.path, name)), `${prefix}.json`],
    };
  }
}

/** An entry that cannot be read makes no checkpoint. */
function passOver(error: unknown): undefined {
  asDamaged(error);
}

/** What is wrong with a checkpoint that is none. One of another version is no such: the run would go back behind it. */
function asDamaged(error: unknown): CodedError {
  if (isCodedError(error) && error.code !== 'FORMAT_UNKNOWN') return error;
  throw error;
}

/** The step that a file is of; undefined for other files. */
function stepOf(name: string): number | undefined {
  const step = /^model\.ckpt-(\d+)\./u.exec(name)?.[1];
  return step === undefined ? undefined : Number(step);
}

function belongsTo(name: string, step: number): boolean {
  return name.startsWith(`model.ckpt-${step}.`);
}

// eslint-disable-next-line max-params -- one call form for four findings keeps the messages alike
function invalid(step: number, file: string, expected: string, got: string, cause?: unknown): CodedError {
  return new CodedError('CHECKPOINT_INVALID', `The checkpoint of step ${step} cannot be used`, {
    details: { file, expected, got },
    cause,
  });
}
