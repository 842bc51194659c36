import { CodedError } from '@bluewaters/errors';
import type { IngestRequest } from '@bluewaters/messages';
import { indexKeys, indexName, parseIndexEntry, type LabelledClass } from '@bluewaters/records';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';

/** What says which classes there are, and what they are called. */
const NAMING = ['synsets', 'words', 'wordnet', 'below'] as const;

/** What the index that a request asks for is kept under: see {@link indexName}. */
export function indexNameOf({ dataset, split }: Pick<IngestRequest, 'dataset' | 'split'>): string {
  return indexName(dataset, split);
}

/**
 * The classes that a split has because the dataset has them: those that its train split was indexed with. Undefined for
 * train, whose archive and lists say what the labels are.
 *
 * @returns in label order.
 * @throws {CodedError} INDEX_INVALID where train has no index yet, or one that is damaged; CONFIG_INVALID for a request
 * that names classes of its own.
 */
export async function labelsOf(
  request: IngestRequest,
  store: ObjectStore,
): Promise<readonly LabelledClass[] | undefined> {
  const { dataset, split = 'train' } = request;
  if (split === 'train') return undefined;
  const own = NAMING.find((field) => request[field] !== undefined);
  if (own !== undefined) {
    throw new CodedError('CONFIG_INVALID', 'The classes of a dataset are those of its train split', {
      details: { field: own, expected: `nothing for the split ${split}`, got: 'classes of its own' },
    });
  }
  const file = indexKeys.entry(dataset);
  const bytes = await getIfThere(store, file);
  if (!bytes) {
    throw new CodedError('INDEX_INVALID', `The train split of ${dataset} comes first: all splits have its labels`, {
      details: { file, expected: 'an index entry', got: 'nothing' },
    });
  }
  return classesIn(parseIndexEntry(bytes, { file }));
}

/** The classes of an index, in label order. */
export function classesIn({ synsets }: ReturnType<typeof parseIndexEntry>): LabelledClass[] {
  return synsets.map(({ synset, label, words, gloss }) => {
    return { synset, label, words, ...(gloss !== undefined && { gloss }) };
  });
}
