import { add, concat, mul, reverse, split, type Output } from '@bluewaters/tensorflow';
import type { BuildContext, Network } from './network.js';

/** How a picture is looked at when it is classified: as it is, or as it is and mirrored. */
export type Views = 'one' | 'mirrored';

/** The axis along which a picture is mirrored, of [batch, height, width, channels]. */
const WIDTH = 2;

/**
 * Adds a network to the graph that classifies: logits of each picture, or the mean of those of it and of its mirror image,
 * for twice the arithmetic. Where left and right mean nothing, the errors of the two differ, and some cancel out.
 *
 * @param images float32 [batch, height, width, channels], normalised.
 * @returns float32 [batch, outputs].
 * @see Krizhevsky, Sutskever and Hinton 2012, section 4.1, who averaged over the mirror images of five crops.
 */
export function classify(
  network: Network,
  context: BuildContext,
  images: Output<'float32'>,
  { outputs, views = 'one' }: { readonly outputs: number; readonly views?: Views | undefined },
): Output {
  if (views === 'one') return network.build(context, images, outputs);
  const scope = context.scope.child('views');
  const both = concat(scope, [images, reverse(scope, images, [WIDTH])], 0);
  const [seen, mirrored] = split(scope, network.build(context, both, outputs), 2) as [Output, Output];
  return mul(scope, add(scope, seen, mirrored), 0.5);
}
