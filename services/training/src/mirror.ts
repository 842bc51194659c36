import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { filesBelow, type ObjectStore } from '@bluewaters/storage';

/** Files that are written anew in place, so that the store's are the ones to go on from. Every other name is final. */
const REPLACED = new Set(['checkpoint', 'run.json', 'confusion.json', 'report.html', 'mlperf.log']);

/**
 * Keeps a local folder and a prefix of the store alike: TensorFlow writes to the folder, and what must outlive this
 * machine is copied to the store. Where the store is a directory the folder is the store's own, and nothing is copied.
 */
export class Mirror {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #directory: string;

  /** @param prefix Ends in `/`. */
  constructor(store: ObjectStore, prefix: string, directory: string) {
    this.#store = store;
    this.#prefix = prefix;
    this.#directory = directory;
  }

  get #isSameFolder(): boolean {
    return this.#store.localPath(`${this.#prefix}run.json`) !== undefined;
  }

  /** Brings what the store has and this machine has not: a run that goes on elsewhere. */
  async fetchMissing(): Promise<void> {
    if (this.#isSameFolder) return;
    for await (const { key } of this.#store.list(this.#prefix)) {
      const name = key.slice(this.#prefix.length);
      const path = join(this.#directory, name);
      const here = await stat(path).catch(() => undefined);
      if (!here || REPLACED.has(name)) await this.#store.getFile(key, path);
    }
  }

  /** Copies checkpoints that the store has not, each with its entry last: one that was killed may have left some. */
  async commitCheckpoints(checkpoints: readonly { readonly files: readonly string[] }[]): Promise<void> {
    if (this.#isSameFolder) return;
    for (const { files } of checkpoints) {
      const entry = files.at(-1);
      if (entry !== undefined && !(await this.#store.stat(this.#key(entry)))) await this.commit(files);
    }
  }

  /** Copies files to the store in the order given: what makes the others valid comes last. */
  async commit(paths: readonly string[]): Promise<void> {
    if (this.#isSameFolder) return;
    for (const path of paths) await this.#store.putFile(this.#key(path), path);
  }

  /** Removes files of the folder from the store that were removed here. */
  async remove(names: readonly string[]): Promise<void> {
    if (this.#isSameFolder) return;
    for (const name of names) await this.#store.delete(this.#prefix + name);
  }

  /** Copies every event file; they only grow, so the newest copy is the fullest. */
  async commitEvents(): Promise<void> {
    if (this.#isSameFolder) return;
    const names = await filesBelow(this.#directory);
    const events = names.filter((name) => name.includes('events.out.tfevents'));
    await this.commit(events.map((name) => join(this.#directory, name)));
  }

  #key(path: string): string {
    return this.#prefix + relative(this.#directory, path).split('\\').join('/');
  }
}
