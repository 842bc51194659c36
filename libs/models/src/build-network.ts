import type { Output } from '@bluewaters/tensorflow';
import type { BuildContext, Network } from './network.js';
import { fromNhwc } from './picture-axes.js';

/**
 * Adds a network that takes pictures as everyone has them, and gives float32 logits, whatever data format and dtype it
 * computes in. Its variables are the same in all of them.
 *
 * @param context Its `dataFormat` and `precision` say what the layers compute in.
 * @param images float32 [batch, height, width, channels], normalised.
 * @returns float32 [batch, outputs].
 */
export function buildNetwork(network: Network, context: BuildContext, images: Output, outputs: number): Output {
  const { scope, precision } = context;
  const seen = fromNhwc(context, precision?.input(scope, images) ?? images);
  const logits = network.build(context, seen, outputs);
  return precision?.logits(scope, logits) ?? logits;
}
