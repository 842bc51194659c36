import { indexKeys } from '@bluewaters/records';
import type { FolderName, ObjectStore, SourceName } from '@bluewaters/storage';

/** Removes what an older index of the same name left and the new one does not name. Repaired copies stay: they are few. */
export async function removeStrays(
  store: ObjectStore,
  index: string,
  current: {
    readonly synsets: ReadonlySet<string>;
    readonly archive: SourceName | FolderName;
    readonly hasBoxes: boolean;
  },
): Promise<void> {
  const ofSynset = new RegExp(`^${indexKeys.prefix(index)}(?:synsets|progress)/(n\\d{8})\\.jsonl?$`, 'u');
  const inflated: string[] = [indexKeys.archive(index), indexKeys.archiveOrigin(index)];
  const usesInflated = 'key' in current.archive && current.archive.key === inflated[0];
  const unused = [...(usesInflated ? [] : inflated), ...('folder' in current.archive ? [] : [indexKeys.files(index)])];
  if (!current.hasBoxes) unused.push(indexKeys.boxes(index));
  for await (const { key } of store.list(indexKeys.prefix(index))) {
    const synset = ofSynset.exec(key)?.[1];
    const isPart = key.startsWith(`${indexKeys.prefix(index)}parts/`);
    const isUnused = synset === undefined ? unused.includes(key) : !current.synsets.has(synset);
    if (isPart || isUnused) await store.delete(key);
  }
}
