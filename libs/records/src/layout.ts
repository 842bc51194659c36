import type { Split } from './split.js';

/**
 * Where everything lies in the store. One writer for each prefix:
 *
 * - `indexes/DATASET/…` ingest: `synsets/SYNSET.jsonl`, then `progress/SYNSET.json` (that synset is done);
 *   `repaired/SHA256.jpeg`, by the digest of the original; `archive.tar`, then `archive.json` (only for a compressed
 *   archive); `files.jsonl` (only of a folder); `refused.jsonl`; `boxes.jsonl` (only with annotations); `synsets.txt`, `report.json`, `report.html`; and last `index.json`
 * - `indexes/DATASET/validation/…` and `…/testing/…` ingest: the same of another split, but for `synsets.txt`: the labels are
 *   those of the dataset
 * - `datasets/DATASET/…` shards: `train-00000-of-00008`, its record offsets `train-00000-of-00008.offsets`; `shared.jsonl` (only
 *   where splits share pictures); and last `manifest.json`
 * - `runs/RUN/checkpoint_dir/…` training: checkpoints, event files and `run.json`; a copy of this folder is all that
 *   TensorBoard or a restart needs
 * - `runs/RUN/leases/GENERATION.json` training: who works on the run; of no use to a copy
 * - `models/NAME/VERSION/…` training: `claim.json`, the SavedModel, `signature.json`, `provenance.json`, and last `entry.json`
 * - `terms/DATASET/…` the command: `SHA256/text.txt` of the terms; below it `accepted/PERSON.pdf` and then
 *   `accepted/PERSON.json`, `granted/PERSON.json`; and last `terms.json`, which says which text counts
 *
 * `restricted.json` lies in each folder that is under terms, written by whoever writes the folder.
 */

/**
 * What the keys of a split's index begin with, which {@link indexKeys} take for `dataset`: train has that of the dataset
 * itself, so that a dataset of a single archive is one index.
 */
export function indexName(dataset: string, split: Split = 'train'): string {
  return split === 'train' ? dataset : `${dataset}/${split}`;
}

/** Keys of an example index; `dataset` is an {@link indexName}. */
export const indexKeys = {
  prefix: (dataset: string) => `indexes/${dataset}/`,
  /** Written last: while it is missing there is no index. */
  entry: (dataset: string) => `indexes/${dataset}/index.json`,
  synset: (dataset: string, synset: string) => `indexes/${dataset}/synsets/${synset}.jsonl`,
  /** What is known of a synset that is done. */
  progress: (dataset: string, synset: string) => `indexes/${dataset}/progress/${synset}.json`,
  /** What was found in a part of a large synset, until that is done. @param identity Of the part. */
  part: (dataset: string, synset: string, identity: string) => `indexes/${dataset}/parts/${synset}.${identity}.jsonl`,
  /** @param sha256 Of the original picture, so that a later codec finds the copy that there is. */
  repaired: (dataset: string, sha256: string) => `indexes/${dataset}/repaired/${sha256}.jpeg`,
  refused: (dataset: string) => `indexes/${dataset}/refused.jsonl`,
  /** What is odd about boxes; only where there are annotations. */
  boxes: (dataset: string) => `indexes/${dataset}/boxes.jsonl`,
  /** The classes in the order of their labels, a synset a line: for another archive with the same labels. */
  labelMap: (dataset: string) => `indexes/${dataset}/synsets.txt`,
  /** What the index consists of. */
  report: (dataset: string) => `indexes/${dataset}/report.json`,
  /** The same for people: one HTML file. */
  reportPage: (dataset: string) => `indexes/${dataset}/report.html`,
  archive: (dataset: string) => `indexes/${dataset}/archive.tar`,
  /** The files of a folder that is taken for an archive, a JSON line each, in the order of their offsets. */
  files: (dataset: string) => `indexes/${dataset}/files.jsonl`,
  /** What the inflated archive was made from. */
  archiveOrigin: (dataset: string) => `indexes/${dataset}/archive.json`,
} as const;

/** Keys of a dataset of shards. */
export const datasetKeys = {
  prefix: (dataset: string) => `datasets/${dataset}/`,
  /** Written last: while it is missing there is no dataset. */
  manifest: (dataset: string) => `datasets/${dataset}/manifest.json`,
  /** As Google's builder names them: `train-00003-of-01024`. */
  shard: (dataset: string, split: string, shard: number, shards: number) =>
    `datasets/${dataset}/${split}-${fiveDigits(shard)}-of-${fiveDigits(shards)}`,
  /** Pictures that are in several splits, byte for byte; only where there are some. */
  shared: (dataset: string) => `datasets/${dataset}/shared.jsonl`,
  /** Offset and length of each record of a shard. */
  offsets: (shardKey: string) => `${shardKey}.offsets`,
} as const;

/** Keys of a run. */
export const runKeys = {
  root: 'runs/',
  entry: (run: string) => `runs/${run}/checkpoint_dir/run.json`,
  checkpoints: (run: string) => `runs/${run}/checkpoint_dir/`,
  /** What a person reads of a run that is done: one HTML file. */
  report: (run: string) => `runs/${run}/checkpoint_dir/report.html`,
  leases: (run: string) => `runs/${run}/leases/`,
  /** Who works on the run; the highest generation counts. */
  lease: (run: string, generation: number) => `runs/${run}/leases/${String(generation).padStart(8, '0')}.json`,
} as const;

/** Keys of the model registry. */
export const modelKeys = {
  root: 'models/',
  prefix: (model: string, version: number) => `models/${model}/${version}/`,
  /** Written first: whose number this is, so that two runs that end at once do not write to one place. */
  claim: (model: string, version: number) => `models/${model}/${version}/claim.json`,
  signature: (model: string, version: number) => `models/${model}/${version}/signature.json`,
  provenance: (model: string, version: number) => `models/${model}/${version}/provenance.json`,
  /** Written last: while it is missing there is no such version. */
  entry: (model: string, version: number) => `models/${model}/${version}/entry.json`,
} as const;

/** Keys of the terms of access of a dataset; those of acceptances and grants are of one text. */
export const termsKeys = {
  root: 'terms/',
  prefix: (dataset: string) => `terms/${dataset}/`,
  /** Written last: while it is missing the dataset has no terms. */
  entry: (dataset: string) => `terms/${dataset}/terms.json`,
  text: (dataset: string, sha256: string) => `terms/${dataset}/${sha256}/text.txt`,
  acceptances: (dataset: string, sha256: string) => `terms/${dataset}/${sha256}/accepted/`,
  acceptance: (dataset: string, sha256: string, person: string) => `terms/${dataset}/${sha256}/accepted/${person}.json`,
  /** @param names `ending` is pdf, png or jpg. */
  evidence: (dataset: string, sha256: string, names: { readonly person: string; readonly ending: string }) =>
    `terms/${dataset}/${sha256}/accepted/${names.person}.${names.ending}`,
  grants: (dataset: string, sha256: string) => `terms/${dataset}/${sha256}/granted/`,
  grant: (dataset: string, sha256: string, person: string) => `terms/${dataset}/${sha256}/granted/${person}.json`,
} as const;

/** All folders that hold what a dataset consists of. */
export function datasetPrefixes(dataset: string): readonly string[] {
  return [`archives/${dataset}/`, indexKeys.prefix(dataset), datasetKeys.prefix(dataset)];
}

/** Says that a folder is under the terms of a dataset. @param prefix Of the folder, with `/` at its end. */
export function restrictionKey(prefix: string): string {
  return `${prefix}restricted.json`;
}

function fiveDigits(value: number): string {
  return String(value).padStart(5, '0');
}
