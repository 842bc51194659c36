import { CodedError } from '@bluewaters/errors';
import { decodeExample, encodeExample, type Feature, type Features } from './example.js';

/** A box around an object, as shares of width and height: 0 to 1, `xmin` below `xmax`. */
export interface Box {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
  /** 1-based; left out where it is the picture's own. */
  readonly label?: number;
}

/** One picture with its label, as Google's ImageNet builder describes it. */
export interface ImageExample {
  /** A JPEG that decodes to RGB (a grey one does, with `channels=3`). */
  readonly encoded: Uint8Array;
  /** `n01440764_18.JPEG`. */
  readonly filename: string;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1-based; 0 is background. */
  readonly label: number;
  readonly synset: string;
  /** The synset in words: `tench, Tinca tinca`. */
  readonly text: string;
  /** Usually none. */
  readonly boxes: readonly Box[];
}

/** Feature names, exactly as in Google's `build_imagenet_data.py`, so that existing readers work. */
const NAME = {
  height: 'image/height',
  width: 'image/width',
  colorspace: 'image/colorspace',
  channels: 'image/channels',
  label: 'image/class/label',
  synset: 'image/class/synset',
  text: 'image/class/text',
  xmin: 'image/object/bbox/xmin',
  xmax: 'image/object/bbox/xmax',
  ymin: 'image/object/bbox/ymin',
  ymax: 'image/object/bbox/ymax',
  boxLabel: 'image/object/bbox/label',
  format: 'image/format',
  filename: 'image/filename',
  encoded: 'image/encoded',
} as const;

/** Google's builder gives what a reader gets by decoding with three channels, whatever the file's own are. */
const COLORSPACE: Feature = { bytes: [Buffer.from('RGB')] };
const CHANNELS: Feature = { ints: [3] };
const FORMAT: Feature = { bytes: [Buffer.from('JPEG')] };

/** The payload of a record: a tf.train.Example with the `image/*` features. The same picture gives the same bytes. */
export function imageExample(image: ImageExample): Uint8Array {
  const { boxes } = image;
  return encodeExample({
    [NAME.height]: { ints: [image.height] },
    [NAME.width]: { ints: [image.width] },
    [NAME.colorspace]: COLORSPACE,
    [NAME.channels]: CHANNELS,
    [NAME.label]: { ints: [image.label] },
    [NAME.synset]: { bytes: [Buffer.from(image.synset)] },
    [NAME.text]: { bytes: [Buffer.from(image.text)] },
    [NAME.xmin]: { floats: boxes.map(({ xmin }) => xmin) },
    [NAME.xmax]: { floats: boxes.map(({ xmax }) => xmax) },
    [NAME.ymin]: { floats: boxes.map(({ ymin }) => ymin) },
    [NAME.ymax]: { floats: boxes.map(({ ymax }) => ymax) },
    [NAME.boxLabel]: { ints: boxes.map(({ label }) => label ?? image.label) },
    [NAME.format]: FORMAT,
    [NAME.filename]: { bytes: [Buffer.from(image.filename)] },
    [NAME.encoded]: { bytes: [image.encoded] },
  });
}

/**
 * Reads what {@link imageExample}, or Google's builder, wrote. Box coordinates come back as four-byte floats.
 *
 * @throws {CodedError} EXAMPLE_INVALID naming the feature that is missing or of another kind.
 */
export function decodeImageExample(payload: Uint8Array): ImageExample {
  const features = decodeExample(payload);
  return {
    encoded: one(bytesOf(features, NAME.encoded), NAME.encoded),
    filename: textOf(features, NAME.filename),
    width: one(intsOf(features, NAME.width), NAME.width),
    height: one(intsOf(features, NAME.height), NAME.height),
    label: one(intsOf(features, NAME.label), NAME.label),
    synset: textOf(features, NAME.synset),
    text: textOf(features, NAME.text),
    boxes: boxesOf(features, one(intsOf(features, NAME.label), NAME.label)),
  };
}

function boxesOf(features: Features, own: number): Box[] {
  const xmin = floatsOf(features, NAME.xmin);
  const ymin = floatsOf(features, NAME.ymin);
  const xmax = floatsOf(features, NAME.xmax);
  const ymax = floatsOf(features, NAME.ymax);
  if ([ymin, xmax, ymax].some(({ length }) => length !== xmin.length)) {
    throw wrongFeature('image/object/bbox', `${xmin.length} of each coordinate`, 'lists of different lengths');
  }
  // Labels of boxes are sometimes left out by other writers.
  const labels = features[NAME.boxLabel] ? intsOf(features, NAME.boxLabel) : [];
  return xmin.map((left, i) => {
    const label = labels[i] ?? own;
    return { xmin: left, ymin: ymin[i]!, xmax: xmax[i]!, ymax: ymax[i]!, ...(label !== own && { label }) };
  });
}

function textOf(features: Features, name: string): string {
  return Buffer.from(one(bytesOf(features, name), name)).toString('utf8');
}

function bytesOf(features: Features, name: string): readonly Uint8Array[] {
  const feature = features[name];
  if (feature && 'bytes' in feature) return feature.bytes;
  throw wrongFeature(name, 'a bytes list', kindOf(feature));
}

function intsOf(features: Features, name: string): readonly number[] {
  const feature = features[name];
  if (feature && 'ints' in feature) return feature.ints;
  throw wrongFeature(name, 'an int64 list', kindOf(feature));
}

/** Lists of no length are sometimes left out by other writers. */
function floatsOf(features: Features, name: string): readonly number[] {
  const feature = features[name];
  if (!feature) return [];
  if ('floats' in feature) return feature.floats;
  throw wrongFeature(name, 'a float list', kindOf(feature));
}

function one<T>(values: readonly T[], name: string): T {
  const [value] = values;
  if (values.length === 1 && value !== undefined) return value;
  throw wrongFeature(name, 'one value', `${values.length}`);
}

function kindOf(feature: Feature | undefined): string {
  return feature === undefined ? 'nothing' : `${Object.keys(feature)[0]}`;
}

function wrongFeature(field: string, expected: string, got: string): CodedError {
  return new CodedError('EXAMPLE_INVALID', 'A record lacks a feature of an image example', {
    details: { field, expected, got },
  });
}
