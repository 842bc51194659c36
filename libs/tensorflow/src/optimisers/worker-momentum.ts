/** Momentum for workers that change the same parameters without waiting for one another. */
import { group } from '../operations/control.js';
import { add, mul } from '../operations/math.js';
import { decayedGradient, slotOf, updateAll, type Optimiser, type WeightDecay } from './optimiser.js';

/** How a worker keeps its momentum. */
export interface WorkerMomentumOptions extends WeightDecay {
  /** The part of the velocity that stays from one step of this worker to its next, 0 to 1. */
  readonly momentum: number;
  /** The worker's own, which its velocities are on; parameters may be elsewhere. */
  readonly device: string;
}

/**
 * Nesterov's momentum with velocities of the worker's own: `a = momentum · a + g` where the worker is, and
 * `w -= rate · (g + momentum · a)` where the parameter is. A single velocity that all workers push would carry gradients
 * on that are several updates old already: with 4 workers and a momentum of 0.9 the steepest slope that does not make
 * the weights swing is a hundredth of one worker's; with a velocity for each it is 6 times that. Of one worker it is
 * `momentum` with Nesterov's. The slots are `<parameter>/Momentum`.
 *
 * @see Hakimi et al. 2019, Taming Momentum in a Distributed Asynchronous Environment: algorithm DANA-Slim.
 */
export function workerMomentum({ momentum, device, weightDecay = 0 }: WorkerMomentumOptions): Optimiser {
  return {
    apply: (outer, parameters, learningRate) => {
      const scope = outer.child('WorkerMomentum');
      const here = scope.on(device);
      return updateAll(scope, parameters, learningRate, (step) => {
        const { variable, rate } = step;
        const slot = slotOf(variable, 'Momentum', { device });
        const gradient = decayedGradient({ ...step, scope: here }, weightDecay);
        const velocity = add(here, mul(here, slot.value, momentum), gradient);
        const kept = here.op('AssignVariableOp', {
          inputs: [slot.handle, velocity],
          attributes: { dtype: slot.dtype },
        });
        const ahead = add(here, gradient, mul(here, velocity, momentum));
        const moved = step.scope.op('ResourceApplyGradientDescent', { inputs: [variable.handle, rate, ahead] });
        return { operation: group(here, [kept, moved]), slots: [slot] };
      });
    },
  };
}
