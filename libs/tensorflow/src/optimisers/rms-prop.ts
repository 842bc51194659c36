/** RMSProp. */
import * as initializers from '../initializers.js';
import { decayedGradient, slotOf, updateAll, type Optimiser, type WeightDecay } from './optimiser.js';

/** How RMSProp averages; the defaults are those of Inception's recipe. */
export interface RmsPropOptions extends WeightDecay {
  /** The part of the mean square that stays, 0 to 1; 0.9 by default. */
  readonly decay?: number;
  /** The part of the velocity that stays, 0 to 1; 0.9 by default. */
  readonly momentum?: number;
  /** Added to the mean square, under the root; 1.0 by default. */
  readonly epsilon?: number;
}

/**
 * RMSProp: `s = decay · s + (1 - decay) · g²`, `v = momentum · v + rate · g / √(s + epsilon)`, `w -= v`. The slots are
 * `<parameter>/RMSProp`, which starts at ones, and `<parameter>/RMSProp_1`.
 *
 * @see Tieleman and Hinton 2012; Szegedy et al. 2015, section 8, for the recipe; `tf.train.RMSPropOptimizer`, by
 * TensorFlow's ResourceApplyRMSProp.
 */
export function rmsProp(options: RmsPropOptions = {}): Optimiser {
  const { decay = 0.9, momentum = 0.9, epsilon = 1, weightDecay = 0 } = options;
  return {
    apply: (scope, parameters, learningRate) =>
      updateAll(scope.child('RMSProp'), parameters, learningRate, (step) => {
        const slots = [
          slotOf(step.variable, 'RMSProp', { initializer: initializers.ones() }),
          slotOf(step.variable, 'RMSProp_1'),
        ];
        const handles = [step.variable, ...slots].map(({ handle }) => handle);
        const numbers = [decay, momentum, epsilon].map(step.coefficient);
        const inputs = [...handles, step.rate, ...numbers, decayedGradient(step, weightDecay)];
        return { operation: step.scope.op('ResourceApplyRMSProp', { inputs }), slots };
      }),
  };
}
