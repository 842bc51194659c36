/** Pictures: decoding and resizing. */
import type { DType, IndexDType, FloatDType } from '../dtypes.js';
import * as raw from '../generated/operations/index.js';
import type { Output } from '../operation.js';
import { NAMESAKE, type Named, type Scope } from '../scope.js';
import type { Input } from '../typed-operation.js';
import { expandDims, squeeze } from './arrays.js';
import { vector } from './constants.js';

/** How a JPEG is decoded. */
export interface DecodeJpegOptions extends Named {
  /** 1 grey, 3 RGB; whatever the file has is converted. */
  readonly channels: 1 | 3;
  /** Decodes at 1/2, 1/4 or 1/8 of the size, which is much faster; 1 by default. */
  readonly ratio?: 1 | 2 | 4 | 8;
  /** 'INTEGER_FAST' is faster, 'INTEGER_ACCURATE' what other decoders give; by default the library chooses. */
  readonly dctMethod?: 'INTEGER_FAST' | 'INTEGER_ACCURATE';
}

/** uint8 [height, width, channels] from the bytes of one JPEG, a string scalar. */
export function decodeJpeg(scope: Scope, contents: Output<'string'>, options: DecodeJpegOptions): Output<'uint8'> {
  const { channels, ratio = 1, dctMethod = '', name } = options;
  return raw.decodeJpeg(scope, { contents }, { name, channels, ratio, dct_method: dctMethod });
}

/** uint8 [height, width, channels] from the bytes of one JPEG, PNG, BMP or the first frame of a GIF. */
export function decodeImage(
  scope: Scope,
  contents: Output<'string'>,
  { channels, name }: Named & { readonly channels: 1 | 3 },
): Output<'uint8'> {
  return raw.decodeImage(scope, { contents }, { name, channels, expand_animations: false });
}

/** What pictures are made of. */
type PixelDType = FloatDType | IndexDType | 'int8' | 'int16' | 'uint8' | 'uint16';

/** Height and width in pixels: numbers, or an int32 [2]. */
type Size = readonly [height: number, width: number] | Output<'int32'>;

/** Between the centres of pixels, as other programs do it. */
const HALF_PIXEL = { ...NAMESAKE, align_corners: false, half_pixel_centers: true };

/**
 * Resizes by bilinear interpolation; float32 [batch, height, width, channels], or without the batch as `images` comes.
 *
 * @param images [batch, height, width, channels], or one picture [height, width, channels].
 * @param size Height and width in pixels: numbers, or an int32 [2].
 */
export function resizeBilinear(
  scope: Scope,
  images: Output<PixelDType>,
  size: Size,
  { name = 'ResizeBilinear' }: Named = {},
): Output<'float32'> {
  const own = scope.child(name);
  return resized(own, images, size, (inputs) => raw.resizeBilinear(own, inputs, HALF_PIXEL));
}

/**
 * Resizes by taking the nearest pixel; of the dtype of `images`, otherwise as {@link resizeBilinear}.
 *
 * @param images [batch, height, width, channels], or one picture [height, width, channels].
 * @param size Height and width in pixels: numbers, or an int32 [2].
 */
export function resizeNearest<D extends DType>(
  scope: Scope,
  images: Input<D, PixelDType>,
  size: Size,
  { name = 'ResizeNearestNeighbor' }: Named = {},
): Output<D> {
  const own = scope.child(name);
  return resized(own, images, size, (inputs) => raw.resizeNearestNeighbor<D>(own, inputs, HALF_PIXEL));
}

/** The kernels take batches only. */
function resized<X extends Output, D extends DType>(
  scope: Scope,
  images: X,
  size: Size,
  resize: (inputs: { readonly images: X; readonly size: Output<'int32'> }) => Output<D>,
): Output<D> {
  const lengths = 'operation' in size ? size : vector(scope, size, 'size');
  const single = images.shape?.length === 3;
  const batch = single ? (expandDims(scope, images, 0) as X) : images;
  const result = resize({ images: batch, size: lengths });
  return single ? squeeze(scope, result, [0]) : result;
}

/** Boxes out of pictures, each resized to one size. */
export interface CropAndResizeInputs {
  /** [batch, height, width, channels] */
  readonly images: Output<Exclude<PixelDType, 'bfloat16'>>;
  /** float32 [boxes, 4]: top, left, bottom, right on a scale of 0 to 1. */
  readonly boxes: Output<'float32'>;
  /** int32 [boxes]: which picture each box is cut from. */
  readonly boxIndices: Output<'int32'>;
}

/** float32 [boxes, height, width, channels]: bilinear, zero outside of a picture. */
export function cropAndResize(
  scope: Scope,
  { images, boxes, boxIndices }: CropAndResizeInputs,
  size: readonly [height: number, width: number],
  { name = 'CropAndResize' }: Named = {},
): Output<'float32'> {
  const own = scope.child(name);
  const inputs = { image: images, boxes, box_ind: boxIndices, crop_size: vector(own, size, 'size') };
  return raw.cropAndResize(own, inputs, NAMESAKE);
}
