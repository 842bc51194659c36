import { z } from 'zod';
import { defineEvent, defineState, defineWork } from './definitions.js';
import { jobRequest } from './jobs.js';
import { Digest, Name, Source, Split } from './vocabulary.js';

/** What the ingest service is asked to do. */
export const IngestRequest = z.strictObject({
  /** The name under which index and shards are kept. */
  dataset: Name,
  /** The part of the dataset that the archive is; train where it is left out. The labels of any other are those of train. */
  split: Split.optional(),
  /** An ImageNet-style archive: a tar of `<synset>.tar`, each of `<synset>_<n>.JPEG`; plain, gzip or zstd. */
  images: Source,
  /** Synset ids, a line each; their order gives the labels 1, 2, …. Without it: all that there are, sorted, as ILSVRC has them. */
  synsets: Source.optional(),
  /** `<annotation synset> <image id>` lines: the only images to take, and whose archive their boxes are to come from. */
  imageList: Source.optional(),
  /** For a flat tar of numbered pictures: the synset of each, a line each, or its number in an order of synsets. */
  groundTruth: z.strictObject({ truth: Source, order: Source.optional() }).optional(),
  /** `<synset> TAB <words>` lines; without it and `wordnet` the synset is its own words. */
  words: Source.optional(),
  /** `data.noun` of WordNet 3.0, for words that are not in `words`, glosses, and what is below a synset. */
  wordnet: Source.optional(),
  /** Take only these synsets and those below them: kinds and instances, however far. Needs `wordnet`. */
  below: z
    .array(z.string().regex(/^n\d{8}$/u, 'n and eight digits'))
    .min(1)
    .optional(),
  /** An archive of VOC annotations, plain or compressed, or a CSV as the Inception scripts have it. */
  boxes: Source.optional(),
  /** How many members that are no pictures may be left out (and reported) before the work fails. */
  maxRefused: z.int().nonnegative().default(0),
  /** `header` follows the markers of a JPEG to the end of the image, and decodes only the odd ones; `full` makes sure of every pixel. */
  check: z.enum(['header', 'full']).default('header'),
});
/** See {@link IngestRequest:variable}. */
export type IngestRequest = z.infer<typeof IngestRequest>;

/** What ingest leaves behind. */
export const IngestResult = z.strictObject({
  dataset: Name,
  /** Left out for train, which may be all that there is. */
  split: Split.exclude(['train']).optional(),
  /** Key of the index entry, written last. */
  indexKey: z.string(),
  /** Of the index entry's bytes. */
  digest: Digest,
  examples: z.int().nonnegative(),
  synsets: z.int().nonnegative(),
  /** Members left out and named in the refusal report. */
  refused: z.int().nonnegative(),
  /** Pictures stored again in a form that TensorFlow reads. */
  repaired: z.int().nonnegative(),
  /** That the pictures have; 0 also where no annotations were given. */
  boxes: z.int().nonnegative(),
});
/** See {@link IngestResult:variable}. */
export type IngestResult = z.infer<typeof IngestResult>;

/** Asks ingest to index an archive. Sent by whoever drives the line; a repeat with the same request is harmless. */
export const IndexArchive = defineWork('ingest.v1.index', jobRequest(IngestRequest), IngestResult);

/** A unit of an archive's work: the index of one synset, or what is found in a part of it. */
export const SynsetRequest = z.strictObject({
  /** What the whole archive is to become. */
  request: IngestRequest,
  /** Where its plain bytes are: as the request names them, inflated in the store, or a folder with the key of its list of files. */
  archive: z.union([
    Source,
    z.strictObject({ folder: z.string().startsWith('/').max(4096), files: z.string().min(1).max(1024) }),
  ]),
  /** What a picture may cost. */
  limits: z.strictObject({ maxBytes: z.int().positive(), maxPixels: z.int().positive() }),
  synset: z.string().regex(/^n\d{8}$/u, 'n and eight digits'),
  /** Of everything that the synset's index depends on; who finds another has another archive before it. */
  identity: Digest,
  /** Which of its bytes, from the start of the plain archive, where it is given out in parts: `from` to `to`, without `to`. */
  part: z.strictObject({ from: z.int().nonnegative(), to: z.int().positive() }).optional(),
});
/** See {@link SynsetRequest:variable}. */
export type SynsetRequest = z.infer<typeof SynsetRequest>;

/** What a unit leaves behind, in the store when it is told. */
export const SynsetIndexed = z.strictObject({
  /** Of the synset's lines, or the part's. */
  sha256: Digest,
  examples: z.int().nonnegative(),
});
/** See {@link SynsetIndexed:variable}. */
export type SynsetIndexed = z.infer<typeof SynsetIndexed>;

/** Asks for the index of one synset. Sent by the ingest service that indexes the archive, taken by any; a repeat is harmless. */
export const IndexSynset = defineWork('ingest.v1.synset', jobRequest(SynsetRequest), SynsetIndexed);

/** An index is complete. Sent by ingest after the index entry is stored; may arrive twice. */
export const Indexed = defineEvent('ingest.v1.indexed', IngestResult);

/** Indexes by dataset, and those of further splits by `DATASET.SPLIT`. Written by ingest; rebuilt from the store when it starts. */
export const Indexes = defineState('indexes', IngestResult);
