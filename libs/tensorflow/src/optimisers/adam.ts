/** Adam, and AdamW: the same with the decay of weights kept apart from the gradient. */
import { CodedError } from '@bluewaters/errors';
import * as initializers from '../initializers.js';
import type { Operation, Output } from '../operation.js';
import { cast } from '../operations/arrays.js';
import { group } from '../operations/control.js';
import { mul } from '../operations/math.js';
import type { Scope } from '../scope.js';
import { assign, variable, type Variable } from '../variables.js';
import {
  decayedGradient,
  slotOf,
  updateEach,
  type Optimiser,
  type ParameterStep,
  type TrainedParameter,
  type WeightDecay,
} from './optimiser.js';

/** How Adam averages. */
export interface AdamOptions extends WeightDecay {
  /** The part of the mean gradient that stays, 0 to 1; 0.9 by default. */
  readonly beta1?: number;
  /** The part of the mean square that stays, 0 to 1; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the mean square; 1e-8 by default. */
  readonly epsilon?: number;
}

/**
 * Adam: `m = beta1 · m + (1 - beta1) · g`, `v = beta2 · v + (1 - beta2) · g²`,
 * `w -= rate · √(1 - beta2ᵗ) / (1 - beta1ᵗ) · m / (√v + epsilon)` at step t. The slots are `<parameter>/Adam`,
 * `<parameter>/Adam_1`, `beta1_power` and `beta2_power`.
 *
 * @see Kingma and Ba 2015, with the order of computation at the end of section 2; `tf.train.AdamOptimizer`, by
 * TensorFlow's ResourceApplyAdam.
 */
export function adam({ weightDecay = 0, ...options }: AdamOptions = {}): Optimiser {
  return adamOptimiser(options, (step) => ({ step: step.scope, gradient: decayedGradient(step, weightDecay) }));
}

/**
 * AdamW: before Adam's step, `w -= rate · weightDecay · w` for every decayed parameter.
 *
 * @param options `weightDecay` is 0.004 by default, as in Keras.
 * @see Loshchilov and Hutter 2019, algorithm 2; `keras.optimizers.AdamW`.
 */
export function adamW({ weightDecay = 0.004, ...options }: AdamOptions = {}): Optimiser {
  return adamOptimiser(options, (step) => {
    const { scope, variable: own, gradient, decayed, rate, coefficient } = step;
    if (!decayed || weightDecay === 0) return { step: scope, gradient };
    const loss = mul(scope, own.value, mul(scope, rate, coefficient(weightDecay)));
    const decay = scope.op('AssignSubVariableOp', { inputs: [own.handle, loss], attributes: { dtype: own.dtype } });
    return { step: scope.after(decay), gradient };
  });
}

/** @param prepare Gives the gradient to use, and the scope in which to use it. */
function adamOptimiser(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Omit<AdamOptions, 'weightDecay'>,
  prepare: (step: ParameterStep) => { step: Scope; gradient: Output },
): Optimiser {
  return {
    apply(scope, parameters, learningRate) {
      const own = scope.child('Adam');
      const powers = [powerOf(parameters, 'beta1_power', beta1), powerOf(parameters, 'beta2_power', beta2)];
      const { operations, slots } = updateEach(own, parameters, learningRate, (share) => {
        const { step, gradient } = prepare(share);
        const means = [slotOf(share.variable, 'Adam'), slotOf(share.variable, 'Adam_1')];
        const handles = [share.variable, ...means].map(({ handle }) => handle);
        const raised = powers.map(({ value }) =>
          value.dtype === gradient.dtype ? value : cast(own, value, gradient.dtype),
        );
        const inputs = [...handles, ...raised, share.rate, ...[beta1, beta2, epsilon].map(share.coefficient), gradient];
        return { operation: step.op('ResourceApplyAdam', { inputs }), slots: means };
      });
      const raise = raisePowers(own.after(...operations), powers, [beta1, beta2]);
      return { operation: group(own, [...operations, ...raise]), slots: [...slots, ...powers] };
    },
  };
}

/** The power of a beta at the present step, beside the first parameter. */
function powerOf(parameters: readonly TrainedParameter[], name: string, beta: number): Variable {
  const first = parameters[0]?.variable;
  if (!first) throw new CodedError('GRAPH_INVALID', 'an optimiser needs at least one parameter');
  const root = first.handle.operation.graph.scope().on(first.handle.operation.device);
  const initializer = initializers.constant(beta);
  return variable(root, name, { dtype: first.dtype, shape: [], initializer, trainable: false });
}

/** @param scope Waits until all parameters have used the powers. */
function raisePowers(scope: Scope, powers: readonly Variable[], betas: readonly number[]): Operation[] {
  return powers.map((power, i) => assign(scope, power, mul(scope, power.value, betas[i] as number)));
}
