import { addN, concat, mul, pad, raw, reverse, split, type Output, type Scope } from '@bluewaters/tensorflow';
import type { BuildContext, Network } from './network.js';
import { channelsOf, gridOf } from './picture-axes.js';

/**
 * How a picture is looked at when it is classified: as it is; as it is and mirrored; or as both, and both moved by a pixel to
 * either side.
 */
export type Views = 'one' | 'mirrored' | 'shifted';

/** A batch of pictures as they are looked at, and what their logits count, of 1 for all views. */
interface View {
  readonly images: Output<'float32'>;
  readonly weight: number;
}

/** The axis along which a picture is mirrored, of [batch, height, width, channels]. */
const WIDTH = 2;

/**
 * Adds a network to the graph that classifies: logits of each picture, or the mean of those of its views, for twice
 * (`mirrored`) or six times (`shifted`) the arithmetic. Where left and right, or a pixel, mean nothing, the errors of the
 * views differ, and some cancel out.
 *
 * @param images float32 [batch, height, width, channels], normalised.
 * @returns float32 [batch, outputs].
 * @see Krizhevsky, Sutskever and Hinton 2012, section 4.1, who averaged over the mirror images of five crops; Jordan 2024,
 * section 3.5, for the shifts and their weights.
 */
export function classify(
  network: Network,
  context: BuildContext,
  images: Output<'float32'>,
  { outputs, views = 'one' }: { readonly outputs: number; readonly views?: Views | undefined },
): Output {
  if (views === 'one') return network.build(context, images, outputs);
  const scope = context.scope.child('views');
  const seen = views === 'mirrored' ? alsoMirrored(scope, images, 1) : alsoShifted(scope, images);
  const all = concat(scope, seen.map((view) => view.images), 0); // prettier-ignore
  const logits = split(scope, network.build(context, all, outputs), seen.length);
  const counted = logits.map((of, index) => mul(scope, of, seen[index]!.weight));
  return addN(scope, counted);
}

function alsoMirrored(scope: Scope, images: Output<'float32'>, weight: number): View[] {
  return [images, reverse(scope, images, [WIDTH])].map((each) => ({ images: each, weight: weight / 2 }));
}

/** What is in the middle counts half; the rest is for a pixel up and left, and one down and right. */
function alsoShifted(scope: Scope, images: Output<'float32'>): View[] {
  const padded = pad(scope, images, [[0, 0], [1, 1], [1, 1], [0, 0]], { mode: 'reflect' }); // prettier-ignore
  const [height, width] = gridOf({}, images);
  const size = scope.constant([-1, height, width, channelsOf({}, images)], { dtype: 'int32' });
  const from = (corner: number): Output<'float32'> => {
    const begin = scope.constant([0, corner, corner, 0], { dtype: 'int32' });
    return raw.slice(scope, { input: padded, begin, size });
  };
  return [
    ...alsoMirrored(scope, images, 1 / 2),
    ...[from(2), from(0)].flatMap((shifted) => alsoMirrored(scope, shifted, 1 / 4)),
  ];
}
