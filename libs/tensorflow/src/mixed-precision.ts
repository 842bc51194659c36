/**
 * Mixed precision: variables and losses in float32, everything between in a half-precision dtype, and a scale that keeps
 * small gradients from vanishing in float16.
 *
 * ```ts
 * const precision = mixedPrecision('float16');
 * const scaling = dynamicLossScale(root);
 * const hidden = conv2d(scope, precision.input(scope, images), precision.parameter(scope, filter)); // float16
 * const loss = softmaxCrossEntropyLoss(scope, precision.logits(scope, outputs), labels); // float32
 * const slopes = gradients(scope, [scaling.scaled(scope, loss)], [filter.value]); // float32, scaled
 * const update = scaling.guard(optimisers.momentum()).apply(scope, [{ variable: filter, gradient: slopes[0] }], rate);
 * ```
 *
 * @see Micikevicius et al. 2018, "Mixed precision training".
 */
import * as initializers from './initializers.js';
import type { Operation, Output } from './operation.js';
import { cast, pack } from './operations/arrays.js';
import { greaterEqual, isFinite, select } from './operations/comparisons.js';
import { group } from './operations/control.js';
import { add, maximum, mul, reciprocal } from './operations/math.js';
import { all } from './operations/reductions.js';
import type { Optimiser, TrainedParameter, Update } from './optimisers/index.js';
import { runIf } from './control-flow.js';
import type { Scope } from './scope.js';
import { assign, variable, type Variable } from './variables.js';

/** What layers compute in. bfloat16 has the range of float32 and needs no scale. */
export type ComputeDType = 'float32' | 'float16' | 'bfloat16';

/** Where precision changes in a network; with 'float32' it changes nowhere, and no operation is added. */
export interface MixedPrecision {
  readonly compute: ComputeDType;
  /** What a network takes in, in the dtype that it computes in. */
  input(scope: Scope, x: Output): Output;
  /** A float32 variable as a layer uses it; gradients by its `value` are float32 again. */
  parameter(scope: Scope, parameter: Pick<Variable, 'value'>): Output;
  /** What a network gives, in float32: softmax and losses are computed in that. */
  logits(scope: Scope, x: Output): Output;
}

/** The policy for a dtype. Scales, offsets and moments of batch normalisation stay float32: its kernels want that. */
export function mixedPrecision(compute: ComputeDType): MixedPrecision {
  const to = (dtype: ComputeDType) => (scope: Scope, x: Output) => (x.dtype === dtype ? x : cast(scope, x, dtype));
  return {
    compute,
    input: to(compute),
    parameter: (scope, { value }) => to(compute)(scope, value),
    logits: to('float32'),
  };
}

/** How the scale moves. */
export interface LossScaleOptions {
  /** Before the first step; a power of two, so that scaling is exact. 32768 by default. */
  readonly initial?: number;
  /** Finite steps in a row after which the scale doubles; 2000 by default. */
  readonly growthSteps?: number;
}

/** A scale of the loss that grows while gradients are finite and shrinks when they are not. */
export interface LossScale {
  /** float32 scalar `loss_scale`. */
  readonly scale: Variable;
  /** int64 scalar `good_steps`: finite steps since the scale last changed. */
  readonly goodSteps: Variable;
  /** The loss to derive; float32 scalar. */
  scaled(scope: Scope, loss: Output): Output;
  /**
   * An optimiser that takes the gradients of the scaled loss. It divides them by the scale; where all are finite it
   * makes the step, otherwise it changes neither parameters nor slots and halves the scale. The slots include the
   * variables of the scale. With several ranks give it the exchanged gradients, so that all decide alike.
   */
  guard(optimiser: Optimiser): Optimiser;
}

/**
 * Adds the variables of a dynamic loss scale.
 *
 * @param root Where `loss_scale` and `good_steps` are named.
 * @see Micikevicius et al. 2018, section 3.2; Keras' `LossScaleOptimizer`, whose numbers these are.
 */
export function dynamicLossScale(root: Scope, options: LossScaleOptions = {}): LossScale {
  const { initial = 32768, growthSteps = 2000 } = options;
  const fixed = { shape: [], trainable: false } as const;
  const at = initializers.constant(initial);
  const scale = variable(root, 'loss_scale', { ...fixed, dtype: 'float32', initializer: at });
  const goodSteps = variable(root, 'good_steps', { ...fixed, dtype: 'int64', initializer: initializers.zeros() });
  const guarded =
    (optimiser: Optimiser): Optimiser['apply'] =>
    (scope, parameters, learningRate) => {
      const own = scope.child('loss_scale');
      const exact = unscaled(own, parameters, scale);
      const finite = allFinite(own, exact);
      const { operation, slots } = applyIf(own, finite, optimiser, [exact, learningRate]);
      const moves = moveScale(own, finite, { scale, goodSteps }, growthSteps);
      return { operation: group(own, [operation, ...moves]), slots: [...slots, scale, goodSteps] };
    };
  return {
    scale,
    goodSteps,
    scaled: (scope, loss) => mul(scope, loss, scale.value),
    guard: (optimiser) => ({ apply: guarded(optimiser) }),
  };
}

function unscaled(scope: Scope, parameters: readonly TrainedParameter[], scale: Variable): TrainedParameter[] {
  const by = reciprocal(scope, scale.value);
  return parameters.map((parameter) => ({ ...parameter, gradient: mul(scope, parameter.gradient, by) }));
}

/** bool scalar */
function allFinite(scope: Scope, parameters: readonly TrainedParameter[]): Output {
  const each = parameters.map(({ gradient }) => all(scope, isFinite(scope, gradient)));
  return all(scope, pack(scope, each));
}

function applyIf(
  scope: Scope,
  finite: Output,
  optimiser: Optimiser,
  [parameters, learningRate]: [readonly TrainedParameter[], Output],
): Update {
  const slots: Variable[] = [];
  const inputs = [learningRate, ...parameters.map(({ gradient }) => gradient)];
  const operation = runIf(scope, finite, inputs, (inner, [rate, ...passed]) => {
    const shown = parameters.map((parameter, i) => ({ ...parameter, gradient: passed[i] ?? parameter.gradient }));
    const update = optimiser.apply(inner, shown, rate ?? learningRate);
    slots.push(...update.slots);
    return update.operation;
  });
  return { operation, slots };
}

/** Twice the scale after enough finite steps in a row, half of it, but not below 1, after one that is not finite. */
function moveScale(
  scope: Scope,
  finite: Output,
  { scale, goodSteps }: Pick<LossScale, 'scale' | 'goodSteps'>,
  growthSteps: number,
): Operation[] {
  const zero = scope.constant(0n);
  const good = select(scope, finite, [add(scope, goodSteps.value, scope.constant(1n)), zero]);
  const grows = greaterEqual(scope, good, scope.constant(BigInt(growthSteps)));
  const grown = select(scope, grows, [mul(scope, scale.value, 2), scale.value]);
  const shrunk = maximum(scope, mul(scope, scale.value, 0.5), 1);
  return [
    assign(scope, scale, select(scope, finite, [grown, shrunk])),
    assign(scope, goodSteps, select(scope, grows, [zero, good])),
  ];
}
