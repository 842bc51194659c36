import {
  add,
  group,
  mul,
  initializers,
  variable,
  type Operation,
  type Output,
  type Scope,
  type Variable,
} from '@bluewaters/tensorflow';
import type { Parameter } from './variable-store.js';

/** An update of every parameter, and the state that a checkpoint must hold so that a resumed run goes on alike. */
export interface Optimiser {
  /** Running it makes one step. */
  readonly update: Operation;
  /** One accumulator for each parameter, `<parameter>/Momentum`. */
  readonly slots: readonly Variable[];
}

/**
 * Stochastic gradient descent with momentum: `a = momentum a + g`, `w = w - rate a`, where `g` is the gradient and, for
 * weights, `weightDecay w` on top.
 *
 * @param root Root scope, where the accumulators are named as TensorFlow's own optimiser names them.
 * @param options `gradients` in the order of `parameters`; `learningRate` float32 scalar.
 * @see Sutskever et al. 2013, section 2; applied by TensorFlow's ResourceApplyMomentum.
 */
export function momentumOptimiser(
  root: Scope,
  options: {
    readonly parameters: readonly Parameter[];
    readonly gradients: readonly Output[];
    readonly learningRate: Output;
    readonly momentum: number;
    readonly weightDecay: number;
  },
): Optimiser {
  const { parameters, gradients, learningRate, momentum, weightDecay } = options;
  const scope = root.child('momentum');
  const coefficient = scope.constant(momentum, { dtype: 'float32' });
  const slots: Variable[] = [];
  const updates = parameters.map(({ variable: parameter, decayed }, index) => {
    const gradient = gradients[index] as Output;
    const decay = decayed && weightDecay > 0;
    const slot = variable(root, `${parameter.name}/Momentum`, {
      dtype: parameter.dtype,
      shape: parameter.shape,
      initializer: initializers.zeros(),
      trainable: false,
    });
    slots.push(slot);
    return scope.op('ResourceApplyMomentum', {
      inputs: [
        parameter.handle,
        slot.handle,
        learningRate,
        decay ? add(scope, gradient, mul(scope, parameter.value, weightDecay)) : gradient,
        coefficient,
      ],
    });
  });
  return { update: group(scope, updates), slots };
}
