import { z } from 'zod';
import { SynsetId } from './example-index.js';

/** One class that a model can answer with. */
export const ModelClass = z.strictObject({
  /** 1-based: also the position among the model's outputs, where 0 is background. */
  label: z.int().positive(),
  synset: SynsetId,
  words: z.string(),
});
/** See {@link ModelClass:variable}. */
export type ModelClass = z.infer<typeof ModelClass>;

/** `signature.json`: what goes into a model and what comes out, for whoever serves it; tensors are those of `serving_default`. */
export const Signature = z
  .strictObject({
    /** Absent from those that were written before it was there: that is version 1. */
    format: z.literal('bluewaters.signature.v1').optional(),
    /** Side of the square that a picture becomes, in pixels. */
    imageSize: z.int().positive(),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** Per channel in the colour order, on the 0 to 1 scale: the network sees (value - mean) / std. */
    mean: z.array(z.number()),
    std: z.array(z.number().positive()),
    /** How a picture becomes a square: `squeeze` changes its proportions, `central` cuts off the longer side. */
    crop: z.enum(['squeeze', 'central']),
    /** In which the network sees the channels: the model itself reorders what it decodes. */
    colourOrder: z.enum(['RGB', 'BGR']),
    /** In label order: the first has label 1. */
    classes: z.array(ModelClass).min(1),
    /** Classes + 1. */
    outputs: z.int().min(2),
    /** The output that stands for none of the classes. */
    background: z.literal(0),
    /**
     * True for imported weights that know no background: label n is output n - 1 of where they come from, and output 0 has
     * the probability 0. Absent when the model was trained with a background.
     */
    labelsShifted: z.boolean().optional(),
    /** Whether the model looks at the mirror image of each picture as well; absent when it does not. */
    views: z.literal('mirrored').optional(),
    /** string [batch]: encoded JPEG pictures. */
    inputKey: z.literal('image_bytes'),
    /**
     * `probabilities` float32 [batch, outputs], each row adding up to 1; then of the k most probable outputs, falling:
     * `top_probabilities` float32 [batch, k], `top_labels` int32 [batch, k], `top_synsets` string [batch, k].
     */
    outputKeys: z.tuple([
      z.literal('probabilities'),
      z.literal('top_probabilities'),
      z.literal('top_labels'),
      z.literal('top_synsets'),
    ]),
  })
  .refine(({ outputs, classes }) => outputs === classes.length + 1, {
    path: ['outputs'],
    error: 'expected one more than there are classes',
  })
  .refine(({ classes }) => classes.every(({ label }, index) => label === index + 1), {
    path: ['classes'],
    error: 'expected labels 1, 2, 3, … in order',
  });
/** See {@link Signature:variable}. */
export type Signature = z.infer<typeof Signature>;

/** The code that made something. */
export const CodeVersion = z.looseObject({
  /** Of the product. */
  version: z.string(),
  /** Of the programs that train: two of one version may differ while it is worked on. */
  digest: z.string(),
});
/** See {@link CodeVersion:variable}. */
export type CodeVersion = z.infer<typeof CodeVersion>;

/** `provenance.json`: what was asked of whoever made a version, and what came of it; readers take what they need. */
export const Provenance = z.looseObject({
  /** As in {@link Signature:variable}. */
  format: z.literal('bluewaters.provenance.v1').optional(),
  /** Absent from those that were written before it was there. */
  code: CodeVersion.optional(),
});
/** See {@link Provenance:variable}. */
export type Provenance = z.infer<typeof Provenance>;

/** One file of a model version. */
export const ModelFile = z.strictObject({
  /** Under the version's prefix. */
  key: z.string(),
  /** In bytes. */
  size: z.int().nonnegative(),
  sha256: z.string(),
});
/** See {@link ModelFile:variable}. */
export type ModelFile = z.infer<typeof ModelFile>;

/**
 * `entry.json`: the files that make a model version; written last, so that a version is whole or not there. The
 * SavedModel lies at the version's prefix, as TensorFlow Serving wants it.
 */
export const ModelEntry = z.strictObject({
  format: z.literal('bluewaters.model.v1'),
  model: z.string(),
  version: z.int().positive(),
  /** The run that trained it; absent for imported weights, as are the step and the share. */
  run: z.string().optional(),
  /** Of the run, when its weights were taken. */
  step: z.int().nonnegative().optional(),
  /** Share of validation examples whose most probable class is the true one, 0 to 1. */
  top1: z.number().min(0).max(1).optional(),
  /** Where imported weights come from. */
  imported: z
    .strictObject({
      /** Name of the file, without its folders. */
      file: z.string(),
      /** Of the file's bytes and of what was asked of them: the same again makes no new version. */
      digest: z.string(),
    })
    .optional(),
  /** The SavedModel's. */
  files: z.array(ModelFile).min(1),
  signatureKey: z.string(),
  /** ISO 8601. */
  createdAt: z.iso.datetime(),
});
/** See {@link ModelEntry:variable}. */
export type ModelEntry = z.infer<typeof ModelEntry>;
