/** Gradient descent with momentum. */
import { decayedGradient, slotOf, updateAll, type Optimiser, type WeightDecay } from './optimiser.js';

/** How momentum is kept. */
export interface MomentumOptions extends WeightDecay {
  /** The part of the velocity that stays, 0 to 1; 0.9 by default. */
  readonly momentum?: number;
  /** Looks ahead by the velocity; false by default. */
  readonly nesterov?: boolean;
}

/**
 * Momentum: `a = momentum · a + g`, `w -= rate · a`; with Nesterov's, `w -= rate · (g + momentum · a)`. The slots are
 * `<parameter>/Momentum`.
 *
 * @see Sutskever et al. 2013, sections 2 and 3; `tf.train.MomentumOptimizer`, by TensorFlow's ResourceApplyMomentum.
 */
export function momentum({ momentum: kept = 0.9, nesterov = false, weightDecay = 0 }: MomentumOptions = {}): Optimiser {
  return {
    apply: (scope, parameters, learningRate) =>
      updateAll(scope.child('Momentum'), parameters, learningRate, (step) => {
        const slot = slotOf(step.variable, 'Momentum');
        const gradient = decayedGradient(step, weightDecay);
        const inputs = [step.variable.handle, slot.handle, step.rate, gradient, step.coefficient(kept)];
        const attributes = { use_nesterov: nesterov };
        return { operation: step.scope.op('ResourceApplyMomentum', { inputs, attributes }), slots: [slot] };
      }),
  };
}
