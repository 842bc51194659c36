import {
  centralSquare,
  decodeAndCropJpeg,
  decodeJpeg,
  extractJpegShape,
  mul,
  reshape,
  resizeBilinear,
  reverse,
  sub,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import type { InputContract } from './network.js';

/** Side of the central square, as a share of the picture's shorter side: what is usual for 224 of 256 pixels. */
const CENTRAL_FRACTION = 0.875;

/**
 * Adds to the graph what turns an encoded picture into what a network sees. Evaluation and the exported model use this
 * one function, and training ends with its second half, so what was trained is what is served.
 *
 * @param jpeg string scalar: an encoded picture; grey becomes RGB and RGB grey as `input.channels` asks.
 * @returns float32 [imageSize, imageSize, channels]: cut or squeezed to the square, then channel-normalised.
 */
export function preprocess(scope: Scope, jpeg: Output, input: InputContract): Output {
  const inner = scope.child('preprocess');
  const { channels, crop = 'squeeze' } = input;
  if (crop === 'squeeze') return normalise(inner, decodeJpeg(inner, jpeg, { channels }), input);
  const window = centralSquare(inner, extractJpegShape(inner, jpeg), CENTRAL_FRACTION);
  return normalise(inner, decodeAndCropJpeg(inner, jpeg, window, { channels }), input);
}

/**
 * Resizes pixels to the square of the contract and normalises their channels.
 *
 * @param pixels uint8 [height, width, channels].
 * @returns float32 [imageSize, imageSize, channels].
 */
export function normalise(scope: Scope, pixels: Output<'uint8'>, input: InputContract): Output<'float32'> {
  const { imageSize } = input;
  return normaliseChannels(scope, resizeBilinear(scope, pixels, [imageSize, imageSize]), input);
}

/**
 * Puts channels into the order of the contract and normalises them: (value - mean) / std on the scale of 0 to 1.
 *
 * @param pixels float32 [imageSize, imageSize, channels], RGB, 0 to 255.
 */
export function normaliseChannels(scope: Scope, pixels: Output<'float32'>, input: InputContract): Output<'float32'> {
  const { imageSize, channels, mean, std, colourOrder = 'RGB' } = input;
  const ordered = colourOrder === 'BGR' ? reverse(scope, pixels, [2]) : pixels;
  // By whole rows, since three values at a time are too few for the CPU's vectors.
  const rows = reshape(scope, ordered, [imageSize, imageSize * channels]);
  const tiled = (ofChannel: readonly number[]): Output<'float32'> =>
    scope.constant(Float32Array.from({ length: imageSize * channels }, (_, i) => ofChannel[i % channels] ?? 0));
  const offset = tiled(mean.map((value) => 255 * value));
  const scale = tiled(std.map((value) => 1 / (255 * value)));
  return reshape(scope, mul(scope, sub(scope, rows, offset), scale), [imageSize, imageSize, channels]);
}
