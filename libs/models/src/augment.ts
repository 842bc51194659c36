/** How training pictures are changed at random, so that a network never sees quite the same one twice. */
import { CodedError } from '@bluewaters/errors';
import {
  add,
  decodeAndCropJpeg,
  decodeJpeg,
  expandDims,
  extractJpegShape,
  pack,
  resizeBilinear,
  statelessDistortedBox,
  statelessRandomFlip,
  type ExampleFeature,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { distortColours, drawColours, drawLighting, light } from './colours.js';
import { cutOut, erase, paddedCrop, shift } from './cuts.js';
import type { InputContract } from './network.js';
import { normalise, normaliseChannels, preprocess } from './preprocess.js';

/**
 * Ways to change a picture. They are made in this order, whatever the order in which they are asked for:
 *
 * - `distorted-crop`: a random window that covers part of an object's box, squeezed to the square (Szegedy et al. 2015,
 *   section 6). Otherwise the whole picture is.
 * - `colour`: brightness, saturation, hue and contrast, as Inception's recipe ({@link distortColours}).
 * - `lighting`: along the principal components of ImageNet's colours (Krizhevsky et al. 2012, section 4.1).
 * - `padded-crop`: moved by up to an eighth of the side, 4 pixels of 32, both ways ({@link paddedCrop}).
 * - `shift`: moved by up to a sixteenth of the side, 2 pixels of 32, with the edges mirrored ({@link shift}).
 * - `cutout`: a square of a quarter of the side becomes grey ({@link cutOut}).
 * - `erase`: in one picture of two, a rectangle of any proportions does ({@link erase}).
 * - `flip`: mirrored, one picture in two.
 */
export type Augmentation =
  | 'distorted-crop'
  | 'colour'
  | 'lighting'
  | 'padded-crop'
  | 'shift'
  | 'cutout'
  | 'erase'
  | 'flip';

/** The features of an example that {@link augment} needs: the picture and, for crops, its boxes. */
export function pictureFeatures(augmentation: readonly Augmentation[]): Readonly<Record<string, ExampleFeature>> {
  const picture: Record<string, ExampleFeature> = { 'image/encoded': { dtype: 'string', shape: [] } };
  if (!augmentation.includes('distorted-crop')) return picture;
  const sides = BOX_FEATURES.map((key) => [key, { dtype: 'float32', shape: 'any' }] as const);
  return { ...picture, ...Object.fromEntries(sides) };
}

/** In the order in which TensorFlow wants a box. */
const BOX_FEATURES = ['ymin', 'xmin', 'ymax', 'xmax'].map((side) => `image/object/bbox/${side}`);

/** What is added to the epoch's seed, so that one change's draws tell nothing of another's. */
const OWN_SEED = {
  'distorted-crop': 0n,
  flip: 1n,
  'padded-crop': 2n,
  colour: 3n,
  lighting: 4n,
  cutout: 5n,
  erase: 6n,
  shift: 7n,
};

/** How pictures are changed. */
export interface AugmentOptions {
  readonly input: InputContract;
  readonly augmentation: readonly Augmentation[];
  /** int64 [2]: the epoch's seed and the record's number. Equal seeds give equal pictures, whatever else runs. */
  readonly seed: Output;
}

/**
 * Adds to the graph what turns a training example into what a network sees.
 *
 * @param features Those of {@link pictureFeatures}, as `parseSingleExample` gives them.
 * @returns float32 [imageSize, imageSize, channels], channel-normalised as by {@link preprocess}.
 * @throws {CodedError} CONFIG_INVALID when colours of grey pictures are to be changed.
 */
export function augment(
  scope: Scope,
  features: Readonly<Record<string, Output>>,
  { input, augmentation, seed }: AugmentOptions,
): Output {
  const jpeg = features['image/encoded'] as Output;
  if (augmentation.length === 0) return preprocess(scope, jpeg, input);
  refuseColoursOfGrey(input, augmentation);
  const own = scope.child('augment');
  const seedOf = (change: Augmentation): Output<'int64'> =>
    add(own, seed, own.constant([OWN_SEED[change], 0n])) as Output<'int64'>;
  const { channels } = input;
  const pixels = augmentation.includes('distorted-crop')
    ? decodeAndCropJpeg(own, jpeg, distortedWindow(own, features, seedOf('distorted-crop')), { channels })
    : decodeJpeg(own, jpeg, { channels });
  const image = inColour(own, pixels, { input, augmentation, seedOf });
  const changes = { 'padded-crop': paddedCrop, shift, cutout: cutOut, erase, flip: statelessRandomFlip } as const;
  return Object.entries(changes).reduce<Output>(
    (changed, [name, change]) =>
      augmentation.includes(name as Augmentation) ? change(own, changed, seedOf(name as Augmentation)) : changed,
    image,
  );
}

/** Squeezed to the square, its colours changed, and normalised. */
function inColour(
  scope: Scope,
  pixels: Output<'uint8'>,
  options: Omit<AugmentOptions, 'seed'> & { readonly seedOf: (change: Augmentation) => Output<'int64'> },
): Output {
  const { input, augmentation, seedOf } = options;
  if (!changesColours(augmentation)) return normalise(scope, pixels, input);
  let image = resizeBilinear(scope, pixels, [input.imageSize, input.imageSize]); // 0 to 255
  if (augmentation.includes('colour')) image = distortColours(scope, image, drawColours(scope, seedOf('colour')));
  if (augmentation.includes('lighting')) image = light(scope, image, drawLighting(scope, seedOf('lighting')));
  return normaliseChannels(scope, image, input);
}

function changesColours(augmentation: readonly Augmentation[]): boolean {
  return augmentation.includes('colour') || augmentation.includes('lighting');
}

function refuseColoursOfGrey({ channels }: InputContract, augmentation: readonly Augmentation[]): void {
  if (channels === 3 || !changesColours(augmentation)) return;
  throw new CodedError('CONFIG_INVALID', 'Grey pictures have no colours that could be changed', {
    details: { field: 'augmentation', expected: 'no colour and no lighting', got: augmentation.join(',') },
  });
}

/** int32 [4]: top, left, height, width. */
function distortedWindow(
  scope: Scope,
  features: Readonly<Record<string, Output>>,
  seed: Output<'int64'>,
): Output<'int32'> {
  const sides = BOX_FEATURES.map((key) => features[key] as Output);
  const boxes = expandDims(scope, pack(scope, sides, { axis: 1 }), 0) as Output<'float32'>; // [1, boxes, 4]
  const imageSize = extractJpegShape(scope, features['image/encoded'] as Output<'string'>);
  return statelessDistortedBox(scope, { imageSize, boxes, seed }).window;
}
