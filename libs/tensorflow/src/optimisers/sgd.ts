/** Stochastic gradient descent. */
import { decayedGradient, updateAll, type Optimiser, type WeightDecay } from './optimiser.js';

/**
 * Gradient descent: `w -= rate · g`.
 *
 * @see Robbins and Monro 1951; `tf.train.GradientDescentOptimizer`, by TensorFlow's ResourceApplyGradientDescent.
 */
export function sgd({ weightDecay = 0 }: WeightDecay = {}): Optimiser {
  return {
    apply: (scope, parameters, learningRate) =>
      updateAll(scope.child('GradientDescent'), parameters, learningRate, (step) => {
        const inputs = [step.variable.handle, step.rate, decayedGradient(step, weightDecay)];
        return { operation: step.scope.op('ResourceApplyGradientDescent', { inputs }), slots: [] };
      }),
  };
}
