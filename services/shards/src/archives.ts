import { CodedError } from '@bluewaters/errors';
import { openSource, type ObjectStore, type SourceFile } from '@bluewaters/storage';
import type { LoadedIndex } from './load-index.js';
import type { ShardPlan } from './plan.js';
import type { ImageBytes } from './read-members.js';

/** The archives that images of several indexes are read from. */
export class Archives implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #opened = new Map<LoadedIndex, ImageBytes>();

  private constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @throws {CodedError} FILE_NOT_FOUND; ARCHIVE_CHANGED for one of another size than was indexed. */
  static async open(store: ObjectStore, indexes: Iterable<LoadedIndex>): Promise<Archives> {
    const archives = new Archives(store);
    try {
      for (const index of indexes) await archives.#add(index);
    } catch (error) {
      await archives[Symbol.asyncDispose]();
      throw error;
    }
    return archives;
  }

  /** Where the images of a plan are read from. */
  of({ index }: Pick<ShardPlan, 'index'>): ImageBytes {
    const opened = this.#opened.get(index);
    if (opened) return opened;
    throw new CodedError('INTERNAL', `The archive of ${index.name} was not opened`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { archive } of this.#opened.values()) await archive[Symbol.asyncDispose]();
  }

  async #add(index: LoadedIndex): Promise<void> {
    const labels = new Map(index.classes.map(({ synset, label }) => [synset, label]));
    const archive = await openArchive(this.#store, index);
    this.#opened.set(index, { index: index.name, archive, store: this.#store, labels });
  }
}

async function openArchive(store: ObjectStore, { entry }: LoadedIndex): Promise<SourceFile> {
  const archive = await openSource(store, entry.archive);
  if (archive.size === entry.archiveSize) return archive;
  await archive[Symbol.asyncDispose]();
  throw new CodedError('ARCHIVE_CHANGED', 'The archive is not the one that was indexed', {
    details: { file: archive.file, expected: `${entry.archiveSize} bytes`, got: `${archive.size} bytes` },
  });
}
