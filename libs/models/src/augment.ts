/** How training pictures are changed at random, so that a network never sees quite the same one twice. */
import {
  add,
  decodeAndCropJpeg,
  decodeJpeg,
  expandDims,
  extractJpegShape,
  pack,
  statelessDistortedBox,
  statelessRandomFlip,
  type ExampleFeature,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import type { InputContract } from './network.js';
import { normalise, preprocess } from './preprocess.js';

/**
 * `none`: as {@link preprocess}. `flip`: mirrored, one picture in two. `distorted-crop`: a random window that covers part
 * of an object's box, squeezed to the square and mirrored, one picture in two.
 */
export type Augmentation = 'none' | 'flip' | 'distorted-crop';

/** The features of an example that {@link augment} needs: the picture and, for crops, its boxes. */
export function pictureFeatures(augmentation: Augmentation): Readonly<Record<string, ExampleFeature>> {
  const picture: Record<string, ExampleFeature> = { 'image/encoded': { dtype: 'string', shape: [] } };
  if (augmentation !== 'distorted-crop') return picture;
  const sides = BOX_FEATURES.map((key) => [key, { dtype: 'float32', shape: 'any' }] as const);
  return { ...picture, ...Object.fromEntries(sides) };
}

/** In the order in which TensorFlow wants a box. */
const BOX_FEATURES = ['ymin', 'xmin', 'ymax', 'xmax'].map((side) => `image/object/bbox/${side}`);

/** How pictures are changed. */
export interface AugmentOptions {
  readonly input: InputContract;
  readonly augmentation: Augmentation;
  /** int64 [2]: the epoch's seed and the record's number. Equal seeds give equal pictures, whatever else runs. */
  readonly seed: Output;
}

/**
 * Adds to the graph what turns a training example into what a network sees.
 *
 * @param features Those of {@link pictureFeatures}, as `parseSingleExample` gives them.
 * @returns float32 [imageSize, imageSize, channels], channel-normalised as by {@link preprocess}.
 * @see Szegedy et al. 2015, "Going Deeper with Convolutions", section 6, for the distorted crop.
 */
export function augment(
  scope: Scope,
  features: Readonly<Record<string, Output>>,
  { input, augmentation, seed }: AugmentOptions,
): Output {
  const jpeg = features['image/encoded'] as Output;
  if (augmentation === 'none') return preprocess(scope, jpeg, input);
  const own = scope.child('augment');
  const { channels } = input;
  const flipSeed = add(own, seed, own.constant([1n, 0n])); // draws apart from those of the box
  const pixels =
    augmentation === 'flip'
      ? decodeJpeg(own, jpeg, { channels })
      : decodeAndCropJpeg(own, jpeg, distortedWindow(own, features, seed), { channels });
  return statelessRandomFlip(own, normalise(own, pixels, input), flipSeed);
}

/** int32 [4]: top, left, height, width. */
function distortedWindow(scope: Scope, features: Readonly<Record<string, Output>>, seed: Output): Output {
  const sides = BOX_FEATURES.map((key) => features[key] as Output);
  const boxes = expandDims(scope, pack(scope, sides, { axis: 1 }), 0); // [1, boxes, 4]
  const imageSize = extractJpegShape(scope, features['image/encoded'] as Output);
  return statelessDistortedBox(scope, { imageSize, boxes, seed }).window;
}
