/** Changes of a picture's colours, before its channels are normalised. */
import {
  add,
  matMul,
  maximum,
  minimum,
  mul,
  raw,
  reshape,
  unstack,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';

/** How far colours are moved; float32 scalars. */
export interface ColourShift {
  /** Added to every channel, on the scale of 0 to 1. */
  readonly brightness: Output;
  /** What saturation is multiplied by. */
  readonly saturation: Output;
  /** Added to the hue, which goes round once from 0 to 1. */
  readonly hue: Output;
  /** What the distance of each channel from its mean is multiplied by. */
  readonly contrast: Output;
}

/** Bounds of the draws in Inception's recipe. */
const BOUNDS = [
  [-32 / 255, 32 / 255], // brightness
  [0.5, 1.5], // saturation
  [-0.2, 0.2], // hue
  [0.5, 1.5], // contrast
] as const;

/** Draws how far colours are moved, each evenly between the bounds of Inception's recipe. @param seed int64 [2]. */
export function drawColours(scope: Scope, seed: Output<'int64'>): ColourShift {
  const own = scope.child('draw_colours');
  const shape = own.constant([BOUNDS.length], { dtype: 'int32' });
  const draws = raw.statelessRandomUniform(own, { shape, seed });
  const least = own.constant(BOUNDS.map(([first]) => first));
  const span = own.constant(BOUNDS.map(([first, last]) => last - first));
  const values = unstack(own, add(own, mul(own, draws, span), least));
  const [brightness, saturation, hue, contrast] = values as [Output, Output, Output, Output];
  return { brightness, saturation, hue, contrast };
}

/**
 * Brightness, saturation, hue, contrast, in this order, and cut to the range. Inception's recipe had four orders, one
 * for each of its threads; this is the first of them, since here threads must make no difference.
 *
 * @param pixels float32 [height, width, 3], 0 to 255.
 * @returns The same; within 0 to 255.
 * @see `distort_color` in TF-slim's inception_preprocessing.py
 */
export function distortColours(scope: Scope, pixels: Output<'float32'>, shift: ColourShift): Output<'float32'> {
  const own = scope.child('distort_colours');
  const bright = add(own, mul(own, pixels, 1 / 255), shift.brightness);
  const saturated = raw.adjustSaturation(own, { images: bright, scale: shift.saturation as Output<'float32'> });
  const turned = own.op('AdjustHue', { inputs: [saturated, shift.hue] }).output(0) as Output<'float32'>;
  const contrast_factor = shift.contrast as Output<'float32'>;
  const contrasted = raw.adjustContrastv2(own, { images: turned, contrast_factor });
  return mul(own, minimum(own, maximum(own, contrasted, 0), 1), 255);
}

/** Square roots of the variances of ImageNet's colours along their principal components, on the scale of 0 to 1. */
const DEVIATIONS = [0.2175, 0.0188, 0.0045];

/** The principal components, a column each: red, green, blue. */
const COMPONENTS = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
];

/** Draws how far each channel is moved: float32 [3], on the scale of 0 to 1. @param seed int64 [2]. */
export function drawLighting(scope: Scope, seed: Output<'int64'>): Output {
  const own = scope.child('draw_lighting');
  const shape = own.constant([3, 1], { dtype: 'int32' });
  const alphas = mul(own, raw.statelessRandomNormal(own, { shape, seed }), 0.1);
  // Row by channel, column by component: (components · deviations) × alphas.
  const axes = own.constant(COMPONENTS.map((row) => row.map((value, index) => value * (DEVIATIONS[index] ?? 0))));
  return reshape(own, matMul(own, axes, alphas), [3]);
}

/**
 * Adds a colour to every pixel.
 *
 * @param pixels float32 [height, width, 3], 0 to 255.
 * @param shift As {@link drawLighting} gives it.
 * @see Krizhevsky et al. 2012, section 4.1; the components are those of Torch's ImageNet recipe (fb.resnet.torch).
 */
export function light(scope: Scope, pixels: Output<'float32'>, shift: Output): Output<'float32'> {
  const own = scope.child('light');
  const [height, width] = pixels.shape as [number, number];
  // By whole rows, as where channels are normalised.
  const rows = reshape(own, pixels, [height, width * 3]);
  const tiled = raw.tile(own, { input: mul(own, shift, 255), multiples: own.constant([width], { dtype: 'int32' }) });
  return reshape(own, add(own, rows, tiled), [height, width, 3]);
}
