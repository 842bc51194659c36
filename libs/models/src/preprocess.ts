import { decodeJpeg, div, mul, resizeBilinear, sub, type Output, type Scope } from '@bluewaters/tensorflow';
import type { InputContract } from './network.js';

/**
 * Adds to the graph what turns an encoded picture into what a network sees. Training, evaluation and the exported model
 * use this one function, so what was trained is what is served.
 *
 * @param jpeg string scalar: an encoded picture; grey becomes RGB and RGB grey as `input.channels` asks.
 * @returns float32 [imageSize, imageSize, channels]: squeezed to the square, then channel-normalised.
 */
export function preprocess(scope: Scope, jpeg: Output, input: InputContract): Output {
  const inner = scope.child('preprocess');
  const { imageSize, channels, mean, std } = input;
  const pixels = decodeJpeg(inner, jpeg, { channels }); // uint8 [height, width, channels]
  const resized = resizeBilinear(inner, pixels, [imageSize, imageSize]); // float32 [size, size, channels], 0 to 255
  const square = mul(inner, resized, 1 / 255); // 0 to 1
  return div(inner, sub(inner, square, inner.constant(mean)), inner.constant(std));
}
