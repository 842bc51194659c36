import { z } from 'zod';

/** What is odd about boxes, and what was done. */
export const REMARKS = {
  clipped: 'reached out of its picture, and was clipped to it',
  reversed: 'has its ends exchanged, and was left out',
  empty: 'has nothing in it, and was left out',
  'no-numbers': 'an object without four numbers, which was left out',
  'no-size': 'the annotation does not say how large its picture is; its numbers were taken for pixels of the picture',
  'no-object': 'the annotation names no object',
  'no-synset': 'the object has a name that is no synset; it was given the label of its picture',
  'other-filename': 'the annotation names another picture than its own name does, which counts',
  repeated: 'another annotation of the same picture came before, and counts',
  'without-image': 'there is no picture of that name',
  'listed-missing': 'the list names a box that the archive of annotations does not have',
} as const;

/** A line of `boxes.jsonl`. */
export const Remark = z.strictObject({
  /** The synset whose archive of annotations it came in, a slash, and the image id; only the id where there is no such archive. */
  annotation: z.string(),
  /** Counted from 1; where it is about one object. */
  object: z.int().positive().optional(),
  remark: z.enum(Object.keys(REMARKS) as (keyof typeof REMARKS)[]),
});
/** See {@link Remark:variable}. */
export type Remark = z.infer<typeof Remark>;
