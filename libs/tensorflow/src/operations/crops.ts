/** Crops of pictures before they are decoded, and random changes that are functions of a seed: for input pipelines. */
import type { DType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import { cast, concat } from './arrays.js';
import { less } from './comparisons.js';
import type { DecodeJpegOptions } from './images.js';
import { mul, sub } from './math.js';
import { slice } from './slices.js';

/** int32 [3]: height, width and channels of a JPEG, from its header alone. */
export function extractJpegShape(scope: Scope, contents: Output<'string'>, { name }: Named = {}): Output<'int32'> {
  return raw.extractJpegShape(scope, { contents }, { name });
}

/**
 * uint8 [height, width, channels]: a window of a JPEG. What lies below and beside it is not decoded.
 *
 * @param contents A string scalar.
 * @param window int32 [4]: top, left, height, width, in pixels.
 */
export function decodeAndCropJpeg(
  scope: Scope,
  contents: Output<'string'>,
  window: Output<'int32'>,
  options: DecodeJpegOptions,
): Output<'uint8'> {
  const { channels, ratio = 1, dctMethod = '', name } = options;
  const attributes = { name, channels, ratio, dct_method: dctMethod };
  return raw.decodeAndCropJpeg(scope, { contents, crop_window: window }, attributes);
}

/** What a distorted box is drawn from. */
export interface DistortedBoxInputs {
  /** int32 [3]: height, width and channels of the picture, in pixels. */
  readonly imageSize: Output<'int32'>;
  /** float32 [1, boxes, 4]: top, left, bottom, right on a scale of 0 to 1; with none, the whole picture is the box. */
  readonly boxes: Output<'float32'>;
  /** int32 or int64 [2]: equal seeds give equal boxes, whatever else runs. */
  readonly seed: Output<'int32' | 'int64'>;
}

/** What a distorted box must be like. */
export interface DistortedBoxOptions extends Named {
  /** Share of one of the boxes that it must cover; 0.1 by default. */
  readonly minObjectCovered?: number;
  /** Width to height; 3/4 to 4/3 by default. */
  readonly aspectRatio?: readonly [least: number, most: number];
  /** As a share of the picture; 0.05 to 1 by default. */
  readonly area?: readonly [least: number, most: number];
  /** Draws before the whole picture is taken; 100 by default. */
  readonly maxAttempts?: number;
}

/** A window of a picture. */
export interface DistortedBox {
  /** int32 [4]: top, left, height, width in pixels, as {@link decodeAndCropJpeg} wants it. */
  readonly window: Output<'int32'>;
  /** float32 [1, 1, 4]: top, left, bottom, right on a scale of 0 to 1. */
  readonly box: Output<'float32'>;
}

/**
 * Draws a random window that covers part of an object.
 *
 * @see Szegedy et al. 2015, "Going Deeper with Convolutions", section 6; the defaults are those of TF-Slim's Inception.
 */
export function statelessDistortedBox(
  scope: Scope,
  { imageSize, boxes, seed }: DistortedBoxInputs,
  options: DistortedBoxOptions = {},
): DistortedBox {
  const own = scope.child(options.name ?? 'StatelessSampleDistortedBoundingBox');
  const covered = own.constant(options.minObjectCovered ?? 0.1, { name: 'min_object_covered' });
  const inputs = { image_size: imageSize, bounding_boxes: boxes, min_object_covered: covered, seed };
  const drawn = raw.statelessSampleDistortedBoundingBox(own, inputs, {
    ...NAMESAKE,
    aspect_ratio_range: options.aspectRatio ?? [0.75, 4 / 3],
    area_range: options.area ?? [0.05, 1],
    max_attempts: options.maxAttempts ?? 100,
    use_image_if_no_bounding_boxes: true,
  });
  const two = { size: [2], begin: [0] };
  const corners = [drawn.begin, drawn.size].map((triple) => slice(own, triple, two)); // without channels
  return { window: concat(own, corners, 0), box: drawn.bboxes };
}

/**
 * int32 [4]: top, left, height, width of the middle of a picture, as {@link decodeAndCropJpeg} wants it.
 *
 * @param imageSize int32 [3]: height, width and channels.
 * @param fraction Of the shorter side, which the square's side is; 0.875 is what networks are usually evaluated with.
 */
export function centralSquare(scope: Scope, imageSize: Output<'int32'>, fraction: number): Output<'int32'> {
  const own = scope.child('centralSquare');
  const sides = slice(own, imageSize, { begin: [0], size: [2] });
  const shorter = cast(own, shortest(own, sides), 'float32'); // [1]
  const side = cast(own, mul(own, shorter, fraction), 'int32'); // [1]
  const square = concat(own, [side, side], 0);
  const corner = raw.floorDiv(own, { x: sub(own, sides, square), y: own.constant([2, 2], { dtype: 'int32' }) });
  return concat(own, [corner, square], 0);
}

function shortest(scope: Scope, sides: Output<'int32'>): Output<'int32'> {
  const axis = scope.constant([0], { dtype: 'int32' });
  return raw.min(scope, { input: sides, reduction_indices: axis }, { keep_dims: true });
}

/**
 * A picture, or its mirror image, as often the one as the other.
 *
 * @param image [height, width, channels] of any dtype.
 * @param seed int32 or int64 [2]: equal seeds decide equally, whatever else runs.
 */
export function statelessRandomFlip<D extends DType>(
  scope: Scope,
  image: Output<D>,
  seed: Output<'int32' | 'int64'>,
  { name = 'statelessRandomFlip' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  const drawn = raw.statelessRandomUniform(own, { shape: own.constant([], { dtype: 'int32', shape: [0] }), seed });
  const flips = less(own, drawn, own.constant(0.5));
  // Switch and Merge do the work for one picture in two; a choice between both would do it for all.
  const ways = raw.switch(own, { data: image as Output, pred: flips });
  const mirrored = raw.reverseV2(own, { tensor: ways.output_true, axis: own.constant([1], { dtype: 'int32' }) });
  return own.op('Merge', { inputs: [[ways.output_false, mirrored]] }).output(0) as Output<D>;
}
