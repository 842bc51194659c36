import { indexKeys } from '@bluewaters/records';
import type { FolderName, ObjectStore, SourceName } from '@bluewaters/storage';

/** Removes what an older index of the same name left and the new one does not name. Repaired copies stay: they are few. */
export async function removeStrays(
  store: ObjectStore,
  dataset: string,
  current: {
    readonly synsets: ReadonlySet<string>;
    readonly archive: SourceName | FolderName;
    readonly hasBoxes: boolean;
  },
): Promise<void> {
  const ofSynset = new RegExp(`^${indexKeys.prefix(dataset)}(?:synsets|progress)/(n\\d{8})\\.jsonl?$`, 'u');
  const inflated: string[] = [indexKeys.archive(dataset), indexKeys.archiveOrigin(dataset)];
  const usesInflated = 'key' in current.archive && current.archive.key === inflated[0];
  const unused = [
    ...(usesInflated ? [] : inflated),
    ...('folder' in current.archive ? [] : [indexKeys.files(dataset)]),
  ];
  if (!current.hasBoxes) unused.push(indexKeys.boxes(dataset));
  for await (const { key } of store.list(indexKeys.prefix(dataset))) {
    const synset = ofSynset.exec(key)?.[1];
    const isStray = synset === undefined ? unused.includes(key) : !current.synsets.has(synset);
    if (isStray) await store.delete(key);
  }
}
