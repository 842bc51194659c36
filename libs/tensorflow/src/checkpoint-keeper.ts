/** The checkpoints of a run: written beside the steps, the newest kept, and named for whoever goes on from them. */
import { open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { readCheckpointState, writeCheckpointState } from './checkpoint-state.js';
import type { Saver } from './checkpoint.js';
import type { Session } from './session.js';

/** Where checkpoints go and how many stay. */
export interface KeeperOptions {
  readonly saver: Saver;
  /** Exists; the file `checkpoint` is in it as well. One keeper at a time writes to it. */
  readonly directory: string;
  /** How many of the newest stay, 1 or more; 5 by default. */
  readonly keep?: number;
  /** The files are NAME-STEP.index and NAME-STEP.data-*; 'model.ckpt' by default. */
  readonly name?: string;
}

/** Keeps a checkpoint whatever comes after it: PREFIX.keep, which a person may make or remove too. */
const MARK = '.keep';

/**
 * Writes checkpoints and removes old ones. A reader always finds the checkpoint that the file `checkpoint` names: that
 * file is rewritten once the new one is on the disk, and before an old one goes.
 */
export class CheckpointKeeper {
  readonly #saver: Saver;
  readonly #directory: string;
  readonly #keep: number;
  readonly #name: string;
  #all: string[];
  #write: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor({ saver, directory, keep = 5, name = 'model.ckpt' }: KeeperOptions, all: readonly string[]) {
    this.#saver = saver;
    this.#directory = directory;
    this.#keep = keep;
    this.#name = name;
    this.#all = [...all];
  }

  /**
   * Goes on with the checkpoints that the folder's file `checkpoint` names, if there is one.
   *
   * @throws {CodedError} CONFIG_INVALID for a `keep` below 1; CHECKPOINT_INVALID when the file is damaged.
   */
  static async open(options: KeeperOptions): Promise<CheckpointKeeper> {
    const { keep = 5, directory } = options;
    if (!Number.isInteger(keep) || keep < 1) {
      throw new CodedError('CONFIG_INVALID', 'at least one checkpoint has to be kept', {
        details: { field: 'keep', expected: 'an integer from 1', got: String(keep) },
      });
    }
    return new CheckpointKeeper(options, (await readCheckpointState(directory))?.all ?? []);
  }

  /** Full prefixes of the checkpoints that are kept, oldest first. */
  get checkpoints(): readonly string[] {
    return this.#all.map((name) => join(this.#directory, name));
  }

  /**
   * Takes the variables as they are between two steps, and writes them while steps go on. One write is under way at
   * most: a second call waits for the first to end. The snapshot takes as much memory as the variables.
   *
   * @returns Once the snapshot is taken; the next step may begin.
   * @throws {CodedError} STORE_FULL or TENSORFLOW_FAILED when the write before this one failed; this one is not begun.
   */
  async saveInBackground(session: Session, step: number): Promise<void> {
    await this.settled();
    const snapshot = await this.#saver.snapshot(session);
    this.#write = this.#commit(step, (prefix) => this.#saver.saveSnapshot(session, prefix, snapshot))
      .catch((error: unknown) => void (this.#failure = error))
      .finally(() => snapshot[Symbol.dispose]());
  }

  /**
   * Writes the variables, as {@link saveInBackground} does.
   *
   * @returns Once the checkpoint is on the disk and named.
   */
  async save(session: Session, step: number): Promise<void> {
    await this.settled();
    await this.#commit(step, (prefix) => this.#saver.save(session, prefix));
  }

  /**
   * Waits for the write that is under way; call it before the session is given back.
   *
   * @throws {CodedError} STORE_FULL or TENSORFLOW_FAILED when that write failed. It is told once.
   */
  async settled(): Promise<void> {
    await this.#write;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw toCodedError(failure);
  }

  /** Keeps the checkpoint of a step for good, such as the best so far. */
  async mark(step: number): Promise<void> {
    await writeFile(join(this.#directory, `${this.#nameOf(step)}${MARK}`), '').catch((error: unknown) => {
      throw toCodedError(error);
    });
  }

  #nameOf(step: number): string {
    return `${this.#name}-${step}`;
  }

  async #commit(step: number, write: (prefix: string) => Promise<void>): Promise<void> {
    const latest = this.#nameOf(step);
    await write(join(this.#directory, latest));
    const files = await readdir(this.#directory);
    await this.#sync(files.filter((file) => isFileOf(latest, file)));
    const all = [...this.#all.filter((name) => name !== latest), latest];
    const kept = all.filter((name, i) => i >= all.length - this.#keep || files.includes(name + MARK));
    await writeCheckpointState(this.#directory, { latest, all: kept });
    this.#all = kept;
    const dropped = all.filter((name) => !kept.includes(name));
    await this.#remove(dropped.flatMap((name) => files.filter((file) => isFileOf(name, file))));
  }

  /** Without this a power cut could leave a state that names empty files. */
  async #sync(files: readonly string[]): Promise<void> {
    for (const name of files) {
      await using file = await open(join(this.#directory, name), 'r');
      await file.sync();
    }
  }

  /** Indexes first: what is left of one after a kill is never taken for a checkpoint. */
  async #remove(files: readonly string[]): Promise<void> {
    const ordered = [...files].sort((a, b) => Number(b.endsWith('.index')) - Number(a.endsWith('.index')));
    for (const file of ordered) await rm(join(this.#directory, file), { force: true });
  }
}

function isFileOf(name: string, file: string): boolean {
  return file === `${name}.index` || file.startsWith(`${name}.data-`);
}
