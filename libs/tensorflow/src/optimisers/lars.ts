/** LARS: momentum with a rate of its own for each layer, for very large batches. */
import type { Output } from '../operation.js';
import { greater, logicalAnd, select } from '../operations/comparisons.js';
import { add, div, mul, sqrt, square } from '../operations/math.js';
import { sum } from '../operations/reductions.js';
import type { Scope } from '../scope.js';
import { decayedGradient, slotOf, updateAll, type Optimiser, type ParameterStep } from './optimiser.js';

/** How LARS sets the rate of a layer. */
export interface LarsOptions {
  /** The part of the velocity that stays, 0 to 1; 0.9 by default. */
  readonly momentum?: number;
  /** Looks ahead by the velocity; false by default. */
  readonly nesterov?: boolean;
  /** `weightDecay · w` is added to the gradient of each decayed parameter; 1e-4 by default. */
  readonly weightDecay?: number;
  /** How far a layer may move by its norm, the paper's eta; 0.001 by default. */
  readonly trustCoefficient?: number;
  /** Added to the norm of the gradient; 0 by default. */
  readonly epsilon?: number;
}

/**
 * LARS: with `trust = trustCoefficient · |w| / (|g| + weightDecay · |w| + epsilon)`, or 1 where a norm is 0,
 * `v = momentum · v + rate · trust · (g + weightDecay · w)`, `w -= v`. Parameters that are not decayed (biases,
 * normalisation) have a trust of 1. The slots are `<parameter>/Momentum`.
 *
 * @see You, Gitman and Ginsburg 2017, "Large batch training of convolutional networks", algorithm 1.
 */
export function lars(options: LarsOptions = {}): Optimiser {
  const { momentum = 0.9, nesterov = false, weightDecay = 1e-4 } = options;
  return {
    apply: (scope, parameters, learningRate) =>
      updateAll(scope.child('LARS'), parameters, learningRate, (step) => {
        const slot = slotOf(step.variable, 'Momentum');
        const rate = step.decayed ? mul(step.scope, step.rate, trustOf(step, { ...options, weightDecay })) : step.rate;
        // As in the paper, the rate is within the velocity: TensorFlow's own rate stays 1.
        const move = mul(step.scope, decayedGradient(step, weightDecay), rate);
        const inputs = [step.variable.handle, slot.handle, step.coefficient(1), move, step.coefficient(momentum)];
        const attributes = { use_nesterov: nesterov };
        return { operation: step.scope.op('ResourceApplyMomentum', { inputs, attributes }), slots: [slot] };
      }),
  };
}

function trustOf(
  { scope, variable: { value }, gradient, coefficient }: ParameterStep,
  { trustCoefficient = 0.001, epsilon = 0, weightDecay }: LarsOptions & { readonly weightDecay: number },
): Output {
  const [weights, slope] = [normOf(scope, value), normOf(scope, gradient)];
  const against = add(scope, add(scope, slope, mul(scope, weights, weightDecay)), epsilon);
  const zero = coefficient(0);
  const both = logicalAnd(scope, greater(scope, weights, zero), greater(scope, slope, zero));
  const trust = div(scope, mul(scope, weights, trustCoefficient), against);
  return select(scope, both, [trust, coefficient(1)]);
}

function normOf(scope: Scope, x: Output): Output {
  return sqrt(scope, sum(scope, square(scope, x)));
}
