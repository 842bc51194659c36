import { encodeIndexedExamples, indexKeys, type IndexedExample } from '@bluewaters/records';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { Remark } from './boxes/remark.js';
import { sha256 } from './examine.js';
import { Refusal } from './refusal.js';

/**
 * What is known of a synset that is done, in `progress/SYNSET.json`, written after its `synsets/SYNSET.jsonl`: work that
 * was interrupted does not read the synset again, as long as it is asked about the same bytes.
 */
export const SynsetResult = z.strictObject({
  /** Sha256 of everything that the result depends on. */
  identity: z.string(),
  synset: z.string(),
  /** Of `synsets/SYNSET.jsonl`. */
  sha256: z.string(),
  examples: z.int().nonnegative(),
  repaired: z.int().nonnegative(),
  refusals: z.array(Refusal),
  /** Of all its examples together. */
  boxes: z.int().nonnegative(),
  /** Examples that have some. */
  imagesWithBoxes: z.int().nonnegative(),
  remarks: z.array(Remark),
});
/** See {@link SynsetResult:variable}. */
export type SynsetResult = z.infer<typeof SynsetResult>;

/** The stored result of a synset, if it is of the same identity. @param index What the index is kept under. */
export async function findSynsetResult(
  store: ObjectStore,
  index: string,
  wanted: { readonly synset: string; readonly identity: string },
): Promise<SynsetResult | undefined> {
  const bytes = await getIfThere(store, indexKeys.progress(index, wanted.synset));
  const parsed = bytes && SynsetResult.safeParse(parseJson(bytes));
  if (!parsed?.success || parsed.data.identity !== wanted.identity) return undefined;
  const lines = await store.stat(indexKeys.synset(index, wanted.synset));
  return lines ? parsed.data : undefined;
}

/** Stores the lines of a synset, then its result. @param index What the index is kept under. */
export async function storeSynsetResult(
  store: ObjectStore,
  index: string,
  examples: readonly IndexedExample[],
  result: Pick<SynsetResult, 'identity' | 'synset' | 'refusals' | 'remarks'>,
): Promise<SynsetResult> {
  const lines = encodeIndexedExamples(examples);
  const complete: SynsetResult = {
    ...result,
    sha256: sha256(lines),
    examples: examples.length,
    repaired: examples.filter(({ repaired }) => repaired !== undefined).length,
    boxes: examples.reduce((sum, { boxes = [] }) => sum + boxes.length, 0),
    imagesWithBoxes: examples.filter(({ boxes = [] }) => boxes.length > 0).length,
  };
  await store.put(indexKeys.synset(index, result.synset), lines);
  await store.put(indexKeys.progress(index, result.synset), JSON.stringify(complete));
  return complete;
}

/** Undefined for what is no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
