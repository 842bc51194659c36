/** Changes of a normalised picture by which parts of it are lost; what is lost becomes 0, the mean colour. */
import {
  cast,
  div,
  exp,
  floor,
  less,
  logicalAnd,
  logicalNot,
  maximum,
  minimum,
  mul,
  pack,
  raw,
  reshape,
  round,
  sqrt,
  sub,
  unstack,
  add,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { insideBox, type Box } from './boxes.js';

/** Height, width and channels, known while the graph is built. */
function shapeOf(image: Output): [height: number, width: number, channels: number] {
  return image.shape as [number, number, number];
}

/** float32 [count], 0 to 1. */
function uniform(scope: Scope, count: number, seed: Output<'int64'>): Output<'float32'> {
  return raw.statelessRandomUniform(scope, { shape: scope.constant([count], { dtype: 'int32' }), seed });
}

/**
 * The picture moved by up to an eighth of its side, up or down and left or right; 0 comes in at the edges.
 *
 * @param image float32 [height, width, channels].
 * @param seed int64 [2].
 * @see He et al. 2015, section 4.2: 4 pixels are padded on each side of 32, and a crop of 32 x 32 is taken.
 */
export function paddedCrop(scope: Scope, image: Output, seed: Output<'int64'>): Output {
  const own = scope.child('padded_crop');
  const [height, width, channels] = shapeOf(image);
  const [rows, columns] = [Math.round(height / 8), Math.round(width / 8)];
  // By whole rows, [height, width · channels]: the kernels are slow on three values at a time.
  const flat = reshape(own, image, [height, width * channels]);
  const paddings = own.constant(
    [
      [rows, rows],
      [columns * channels, columns * channels],
    ],
    { dtype: 'int32' },
  );
  const padded = raw.pad(own, { input: flat, paddings });
  const corner = drawCorner(own, seed, [2 * rows, 2 * columns]);
  const begin = cast(own, mul(own, corner, own.constant([1, channels])), 'int32');
  const size = own.constant([height, width * channels], { dtype: 'int32' });
  return reshape(own, raw.slice(own, { input: padded, begin, size }), [height, width, channels]);
}

/** Whole numbers from 0 to `most`, both included: float32 [2]. */
function drawCorner(scope: Scope, seed: Output<'int64'>, most: readonly [number, number]): Output {
  const places = scope.constant(
    most.map((last) => last + 1),
    { dtype: 'float32' },
  );
  return floor(scope, mul(scope, uniform(scope, 2, seed), places));
}

/**
 * The picture moved by up to a sixteenth of its side, up or down and left or right; what comes in at the edges is the
 * picture mirrored.
 *
 * @param image float32 [height, width, channels].
 * @param seed int64 [2].
 * @see Jordan 2024, section 3.1: 2 pixels of 32 for short trainings.
 */
export function shift(scope: Scope, image: Output, seed: Output<'int64'>): Output {
  const own = scope.child('shift');
  const [height, width, channels] = shapeOf(image);
  const [rows, columns] = [Math.round(height / 16), Math.round(width / 16)];
  const around = [rows, columns, 0].map((by) => [by, by]);
  const paddings = own.constant(around, { dtype: 'int32' });
  const padded = raw.mirrorPad(own, { input: image, paddings }, { mode: 'REFLECT' });
  const corner = drawCorner(own, seed, [2 * rows, 2 * columns]);
  const begin = pack(own, [...unstack(own, cast(own, corner, 'int32')), own.constant(0, { dtype: 'int32' })]);
  const size = own.constant([height, width, channels], { dtype: 'int32' });
  return reshape(own, raw.slice(own, { input: padded, begin, size }), [height, width, channels]);
}

/**
 * A square of a quarter of the side becomes 0. Its centre is anywhere in the picture, so that part of the square may be
 * outside.
 *
 * @param image float32 [height, width, channels].
 * @param seed int64 [2].
 * @see DeVries and Taylor 2017; a quarter of the side, 8 of 32 pixels, is what short trainings use.
 */
export function cutOut(scope: Scope, image: Output, seed: Output<'int64'>): Output {
  const own = scope.child('cutout');
  const [height, width] = shapeOf(image);
  const side = Math.round(Math.min(height, width) / 4);
  const centre = floor(own, mul(own, uniform(own, 2, seed), own.constant([height, width], { dtype: 'float32' })));
  const corner = sub(own, centre, Math.floor(side / 2));
  return without(own, image, { corner, size: own.constant([side, side], { dtype: 'float32' }) });
}

/** Of the paper: the share of the picture, and the proportions, height to width. */
const ERASED = { area: [0.02, 0.4], aspect: [0.3, 1 / 0.3] } as const;

/**
 * In one picture of two a rectangle becomes 0: of 2 to 40 % of the picture's area, and from 0.3 to 3.3 times as high as
 * wide, both proportions as likely as their inverse. A side that is longer than the picture's is cut to it.
 *
 * @param image float32 [height, width, channels].
 * @param seed int64 [2].
 * @see Zhong et al. 2017, "Random erasing data augmentation", algorithm 1, with the mean as filling.
 */
export function erase(scope: Scope, image: Output, seed: Output<'int64'>): Output {
  const own = scope.child('erase');
  const [height, width] = shapeOf(image);
  const [coin, share, shape, ...place] = unstack(own, uniform(own, 5, seed)) as [Output, Output, Output, ...Output[]];
  const area = mul(own, between(own, share, ERASED.area), height * width);
  const aspect = exp(own, between(own, shape, [Math.log(ERASED.aspect[0]), Math.log(ERASED.aspect[1])]));
  const sides = [sqrt(own, mul(own, area, aspect)), sqrt(own, div(own, area, aspect))] as const;
  const size = [height, width].map((length, axis) =>
    maximum(own, minimum(own, round(own, sides[axis] as Output), length), 1),
  );
  const corner = [height, width].map((length, axis) => {
    const places = add(own, sub(own, own.constant(length), size[axis] as Output), 1);
    return floor(own, mul(own, place[axis] as Output, places));
  });
  const chosen = less(own, coin, 0.5);
  return without(own, image, { corner: pack(own, corner), size: pack(own, size) }, chosen);
}

function between(scope: Scope, draw: Output, [least, most]: readonly [number, number]): Output {
  return add(scope, mul(scope, draw, most - least), least);
}

/** The picture with 0 in a box, where it is chosen. */
function without(scope: Scope, image: Output, box: Box, chosen?: Output<'bool'>): Output {
  const shape = shapeOf(image);
  const inside = insideBox(scope, shape, box); // [height, width · channels]
  const lost = chosen ? logicalAnd(scope, inside, chosen) : inside;
  const kept = cast(scope, logicalNot(scope, lost), 'float32');
  return reshape(scope, mul(scope, reshape(scope, image, [shape[0], shape[1] * shape[2]]), kept), shape);
}
