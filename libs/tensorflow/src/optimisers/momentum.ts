/** Gradient descent with momentum. */
import type { Operation } from '../operation.js';
import type { Variable } from '../variables.js';
import { denseFactors } from './dense-factors.js';
import { decayedGradient, slotOf, takesOwnOperations, updateAll } from './optimiser.js';
import type { Optimiser, ParameterStep, WeightDecay } from './optimiser.js';

/** How momentum is kept. */
export interface MomentumOptions extends WeightDecay {
  /** The part of the velocity that stays, 0 to 1; 0.9 by default. */
  readonly momentum?: number;
  /** Looks ahead by the velocity; false by default. */
  readonly nesterov?: boolean;
  /**
   * Whether the gradient of a large dense layer may be computed while it is applied, by an operation of our own, so that it is
   * never in memory; it is rounded otherwise than TensorFlow's then. False by default.
   */
  readonly fusesDense?: boolean;
}

/**
 * Momentum: `a = momentum · a + g`, `w -= rate · a`; with Nesterov's, `w -= rate · (g + momentum · a)`. The slots are
 * `<parameter>/Momentum`.
 *
 * @see Sutskever et al. 2013, sections 2 and 3; `tf.train.MomentumOptimizer`, by TensorFlow's ResourceApplyMomentum or, to the
 * same bits in one pass, by an operation of our own (`native/momentum.cc`).
 */
export function momentum(options: MomentumOptions = {}): Optimiser {
  return {
    apply: (scope, parameters, learningRate) =>
      updateAll(scope.child('Momentum'), parameters, learningRate, (step) => {
        const slot = slotOf(step.variable, 'Momentum');
        return { operation: change(step, slot, options), slots: [slot] };
      }),
  };
}

function change(step: ParameterStep, slot: Variable, options: MomentumOptions): Operation {
  const { momentum: kept = 0.9, nesterov = false, weightDecay = 0 } = options;
  const variables = [step.variable.handle, slot.handle];
  if (takesOwnOperations(step)) {
    const attributes = { decay: step.decayed ? weightDecay : 0, momentum: kept, nesterov };
    const factors = options.fusesDense ? denseFactors(step.gradient) : undefined;
    const inputs = [...variables, step.rate, ...(factors ? [factors.x, factors.arriving] : [step.gradient])];
    const scope = step.scope.after(...(factors?.awaited ?? []));
    return scope.op(factors ? 'BluewatersDenseMomentum' : 'BluewatersMomentum', { inputs, attributes });
  }
  const gradient = decayedGradient(step, weightDecay);
  const inputs = [...variables, step.rate, gradient, step.coefficient(kept)];
  return step.scope.op('ResourceApplyMomentum', { inputs, attributes: { use_nesterov: nesterov } });
}
