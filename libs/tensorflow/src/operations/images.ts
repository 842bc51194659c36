/** Pictures: decoding and resizing. */
import type { Output } from '../operation.js';
import type { Named, Scope } from '../scope.js';
import { expandDims, squeeze } from './arrays.js';

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
  const attributes = { channels, ratio, dct_method: dctMethod };
  return scope.op('DecodeJpeg', { name, inputs: [contents], attributes }).output();
}

/** uint8 [height, width, channels] from the bytes of one JPEG, PNG, BMP or the first frame of a GIF. */
export function decodeImage(
  scope: Scope,
  contents: Output<'string'>,
  { channels, name }: Named & { readonly channels: 1 | 3 },
): Output<'uint8'> {
  return scope
    .op('DecodeImage', { name, inputs: [contents], attributes: { channels, expand_animations: false } })
    .output();
}

/** Bilinear interpolation between the centres of pixels, as other programs do it. */
const HALF_PIXEL = { align_corners: false, half_pixel_centers: true };

/**
 * float32 [batch, height, width, channels], or without the batch as `images` comes.
 *
 * @param images [batch, height, width, channels], or one picture [height, width, channels].
 * @param size Height and width in pixels: numbers, or an int32 [2].
 */
export function resizeBilinear(
  scope: Scope,
  images: Output,
  size: readonly [height: number, width: number] | Output<'int32'>,
  { name = 'ResizeBilinear' }: Named = {},
): Output<'float32'> {
  const own = scope.child(name);
  const lengths = 'operation' in size ? size : own.constant(Int32Array.from(size), { name: 'size' });
  const single = images.shape?.length === 3;
  const batch = single ? expandDims(own, images, 0) : images;
  const resized = own.namesake('ResizeBilinear', { inputs: [batch, lengths], attributes: HALF_PIXEL }).output();
  return single ? squeeze(own, resized, [0]) : resized;
}

/** Boxes out of pictures, each resized to one size. */
export interface CropAndResizeInputs {
  /** [batch, height, width, channels] */
  readonly images: Output;
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
  const lengths = own.constant(Int32Array.from(size), { name: 'size' });
  return own.namesake('CropAndResize', { inputs: [images, boxes, boxIndices, lengths] }).output();
}
