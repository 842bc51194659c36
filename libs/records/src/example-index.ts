import { z } from 'zod';

/** A synset id: `n` and the offset of the noun in WordNet 3.0's `data.noun`, eight digits. */
export const SynsetId = z.string().regex(/^n\d{8}$/u, 'n and eight digits');

/** A box around an object, as shares of its picture: 0 to 1. */
export const IndexedBox = z.strictObject({
  xmin: z.number().min(0).max(1),
  ymin: z.number().min(0).max(1),
  xmax: z.number().min(0).max(1),
  ymax: z.number().min(0).max(1),
  /** What the object is, where the annotation names another synset than the picture's. */
  synset: SynsetId.optional(),
});
/** See {@link IndexedBox:variable}. */
export type IndexedBox = z.infer<typeof IndexedBox>;

/** One image of the archive: a line of `synsets/SYNSET.jsonl`. */
export const IndexedExample = z.strictObject({
  /** The member's name, `n01440764_18.JPEG`. */
  name: z.string(),
  /** Of the member's bytes, from the start of the outer archive (once inflated). */
  offset: z.int().nonnegative(),
  /** Of the member, in bytes. */
  size: z.int().positive(),
  /** Of the member's bytes. */
  sha256: z.string(),
  /** In pixels. */
  width: z.int().positive(),
  /** In pixels. */
  height: z.int().positive(),
  /** 1 for grey, 3 for colour. */
  channels: z.union([z.literal(1), z.literal(3)]),
  /** What kind of file the original is, by its bytes; indexes of earlier versions have none. */
  format: z.enum(['jpeg', 'png', 'gif', 'webp']).optional(),
  /** How EXIF says that the stored picture is to be turned, which TensorFlow does not do; left out for upright ones. */
  orientation: z.int().min(2).max(8).optional(),
  /** Digest of the repaired copy that stands in for the member, where TensorFlow can't read the original. */
  repaired: z.string().optional(),
  /** What the original is that is not read as it is: `a PNG with 16 bits`. */
  repairedFor: z.string().optional(),
  /** Left out where no annotation is known. */
  boxes: z.array(IndexedBox).optional(),
});
/** See {@link IndexedExample:variable}. */
export type IndexedExample = z.infer<typeof IndexedExample>;

/** What came of the annotations. */
export const BoxCounts = z.strictObject({
  /** Annotations that could be read. */
  annotations: z.int().nonnegative(),
  /** Boxes that the pictures of the index have. */
  boxes: z.int().nonnegative(),
  /** Pictures that have some. */
  images: z.int().nonnegative(),
  /** Pictures that have none. */
  imagesWithout: z.int().nonnegative(),
  /** Annotations of pictures that are not in the index. */
  withoutImage: z.int().nonnegative(),
  /** Lines of `boxes.jsonl`. */
  remarks: z.int().nonnegative(),
});
/** See {@link BoxCounts:variable}. */
export type BoxCounts = z.infer<typeof BoxCounts>;

/** `index.json`: names everything that belongs to an index; written last. */
export const IndexEntry = z.strictObject({
  format: z.literal('bluewaters.index.v1'),
  dataset: z.string(),
  /** Left out for train, which may be all that there is. */
  split: z.enum(['validation', 'testing']).optional(),
  /** Where the archive's plain bytes are: what offsets refer to. */
  archive: z.union([
    z.strictObject({ path: z.string() }),
    z.strictObject({ key: z.string() }),
    // The files of a folder, one after the other as a list of them says.
    z.strictObject({ folder: z.string(), files: z.string() }),
  ]),
  /** Of the plain archive, in bytes: another size means another archive. */
  archiveSize: z.int().positive(),
  synsets: z.array(
    z.strictObject({
      synset: SynsetId,
      /** 1-based; 0 is background. */
      label: z.int().positive(),
      words: z.string(),
      /** What the synset means; left out where no WordNet database was given. */
      gloss: z.string().optional(),
      examples: z.int().nonnegative(),
      /** Of `synsets/SYNSET.jsonl`. */
      sha256: z.string(),
    }),
  ),
  examples: z.int().positive(),
  refused: z.int().nonnegative(),
  repaired: z.int().nonnegative(),
  /** Left out where no annotations were given. */
  boxes: BoxCounts.optional(),
});
/** See {@link IndexEntry:variable}. */
export type IndexEntry = z.infer<typeof IndexEntry>;
