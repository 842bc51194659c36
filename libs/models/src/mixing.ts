/** Mixing the examples of a batch, pictures and labels alike: MixUp and CutMix. */
import {
  add,
  cast,
  div,
  less,
  maximum,
  mean,
  mul,
  oneHot,
  raw,
  reshape,
  round,
  select,
  sqrt,
  sub,
  unstack,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import type { MixingSettings } from './hyperparameters.js';
import { channelsOf, gridOf } from './picture-axes.js';
import { insideBox } from './boxes.js';

/** A batch whose labels may be shared between outputs. */
export interface MixedExamples {
  /** float32 [batch, height, width, channels]. */
  readonly images: Output;
  /** float32 [batch, outputs]: what each output's probability should be; each row has a sum of 1. */
  readonly labels: Output;
}

/** Options of {@link mixExamples}. */
export interface MixOptions extends MixingSettings {
  readonly outputs: number;
  /** int64 [2]: equal seeds mix equally, whatever else runs. */
  readonly seed: Output;
}

/** Whether the settings ask for any mixing. */
export function mixes({ mixUp = 0, cutMix = 0 }: MixingSettings): boolean {
  return mixUp > 0 || cutMix > 0;
}

/**
 * Mixes each example with its partner, the one as far from the end of the batch as it is from the beginning: batches are
 * shuffled, so any fixed pairing is a random one. MixUp fades both pictures into each other; CutMix pastes a box of the
 * partner's. One share is drawn a batch, from Beta(alpha, alpha), and labels are mixed by the share of each picture.
 *
 * @param examples `images` float32 [batch, height, width, channels], normalised; `labels` int32 [batch].
 * @see Zhang et al. 2018, "mixup"; Yun et al. 2019, "CutMix", algorithm A1.
 */
export function mixExamples(
  scope: Scope,
  examples: { readonly images: Output; readonly labels: Output },
  { mixUp = 0, cutMix = 0, outputs, seed }: MixOptions,
): MixedExamples {
  const own = scope.child('mix');
  const draws = new Draws(own, seed);
  const shape = [...gridOf({}, examples.images), channelsOf({}, examples.images)] as const;
  const faded = () => fadedShare(own, draws, { alpha: mixUp, shape });
  const pasted = () => pastedShare(own, draws, { alpha: cutMix, shape });
  const share = mixUp > 0 && cutMix > 0 ? either(own, draws, [faded(), pasted()]) : mixUp > 0 ? faded() : pasted();
  const labels = oneHot(own, examples.labels, outputs);
  return {
    images: towardsPartner(own, examples.images, share),
    labels: towardsPartner(own, labels, mean(own, share)),
  };
}

/** x + share · (partner - x) */
function towardsPartner(scope: Scope, x: Output, share: Output): Output {
  const partner = raw.reverseV2(scope, { tensor: x, axis: scope.constant([0], { dtype: 'int32' }) });
  return add(scope, x, mul(scope, sub(scope, partner, x), share));
}

/** Numbers drawn at random, each call with a seed of its own. */
class Draws {
  readonly #scope: Scope;
  readonly #seed: Output;
  #drawn = 0n;

  constructor(scope: Scope, seed: Output) {
    this.#scope = scope;
    this.#seed = seed;
  }

  /** float32 [count], 0 to 1. */
  uniform(count: number): Output<'float32'> {
    return raw.statelessRandomUniform(this.#scope, { shape: this.#shape(count), seed: this.#next() });
  }

  /** float32 scalar from Beta(alpha, alpha): the share of one Gamma in the sum of two. */
  beta(alpha: number): Output {
    const shapes = this.#scope.constant([alpha, alpha]);
    const two = raw.statelessRandomGammaV2(this.#scope, { shape: this.#shape(2), seed: this.#next(), alpha: shapes });
    const [one, other] = unstack(this.#scope, two) as [Output, Output];
    // With a small alpha both may be too small for float32, and 0 / 0 is no share.
    const sum = maximum(this.#scope, add(this.#scope, one, other), 1e-30);
    return div(this.#scope, one, sum);
  }

  #shape(count: number): Output<'int32'> {
    return this.#scope.constant([count], { dtype: 'int32' });
  }

  #next(): Output<'int64'> {
    return add(this.#scope, this.#seed, this.#scope.constant([(this.#drawn += 1n) << 48n, 0n])) as Output<'int64'>;
  }
}

interface ShareOptions {
  readonly alpha: number;
  /** Of a picture. */
  readonly shape: readonly [height: number, width: number, channels: number];
}

/** float32 [height, width, channels]: the partner's share of each pixel, everywhere the same. */
function fadedShare(scope: Scope, draws: Draws, { alpha, shape }: ShareOptions): Output {
  const dims = scope.constant([...shape], { dtype: 'int32' });
  return raw.fill(scope, { dims, value: draws.beta(alpha) });
}

/** float32 [height, width, channels]: 1 in a box whose area is the drawn share, as far as it lies in the picture; else 0. */
function pastedShare(scope: Scope, draws: Draws, { alpha, shape }: ShareOptions): Output {
  const size = scope.constant([shape[0], shape[1]], { dtype: 'float32' });
  const box = mul(scope, size, sqrt(scope, draws.beta(alpha)));
  const centre = mul(scope, size, draws.uniform(2));
  const corner = round(scope, sub(scope, centre, mul(scope, box, 0.5)));
  const inside = insideBox(scope, shape, { corner, size: round(scope, box) }); // [height, width · channels]
  return reshape(scope, cast(scope, inside, 'float32'), shape);
}

/** The one or the other, by a coin. */
function either(scope: Scope, draws: Draws, [one, other]: readonly [Output, Output]): Output {
  return select(scope, less(scope, draws.uniform(1), 0.5), [one, other]);
}
