import { CodedError } from '@bluewaters/errors';
import { runKeys } from '@bluewaters/records';
import { MemoryStore, type ObjectInfo, type PutOptions } from '@bluewaters/storage';

/**
 * A remote store that looks after every change whether the checkpoints of a run that TensorFlow's state file names are
 * there, as their entries say, and that can break down.
 */
export class WatchedStore extends MemoryStore {
  /** Changes that it still takes, leases apart; the next one fails, as for a process that was killed before it. */
  changesLeft = Infinity;
  /** Of everything found wrong. */
  readonly faults: string[] = [];
  readonly #run: string;

  constructor(run: string) {
    super();
    this.#run = run;
  }

  override async put(key: string, bytes: Uint8Array | string, options?: PutOptions): Promise<ObjectInfo> {
    this.#take(key);
    const info = await super.put(key, bytes, options);
    await this.#look(`put ${key}`);
    return info;
  }

  override async delete(key: string): Promise<void> {
    this.#take(key);
    await super.delete(key);
    await this.#look(`delete ${key}`);
  }

  /** What the state file names, oldest first. */
  async named(): Promise<string[]> {
    const key = `${runKeys.checkpoints(this.#run)}checkpoint`;
    if (!(await this.stat(key))) return [];
    const text = Buffer.from(await this.get(key)).toString('utf8');
    return [...text.matchAll(/model_checkpoint_paths?: "([^"]+)"/gu)].map(([, name]) => name as string);
  }

  #take(key: string): void {
    if (key.includes('/leases/')) return;
    if (this.changesLeft-- <= 0) throw new CodedError('STORE_REFUSED', 'This store takes nothing more');
  }

  async #look(after: string): Promise<void> {
    for (const name of await this.named()) {
      const entry = `${runKeys.checkpoints(this.#run)}${name}.json`;
      const files = (await this.stat(entry)) ? await this.#filesOf(entry) : [entry];
      for (const key of files) {
        if (!(await this.stat(key))) this.faults.push(`${after}: ${name} is named and has no ${key}`);
      }
    }
  }

  async #filesOf(entry: string): Promise<string[]> {
    const { files } = JSON.parse(Buffer.from(await this.get(entry)).toString('utf8')) as { files: { name: string }[] };
    return files.map(({ name }) => runKeys.checkpoints(this.#run) + name);
  }
}
