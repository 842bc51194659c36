/**
 * The price of a call: a perceptron of 784-128-10 on batches of 32. Each side as it is written by someone who knows it, with
 * one thread for TensorFlow's operations; ours prepares the step, feeds it through views, and takes the executor for
 * small graphs.
 */
import { beside, race } from './comparison.mjs';
import { Side } from './side.mjs';

/** @type {import('./comparison.mjs').Comparison} */
export const smallStepComparison = {
  work: 'small step, perceptron 784-128-10, batch 32',
  against: "Python's session.run loop",
  unit: 'steps/s',
  goal: 1.5,
  measure: ({ python, tuned, turns }) =>
    race(
      () => new Side(process.execPath, [beside('small_step_session.mjs')], tuned),
      () => new Side(python, [beside('small_step.py')], tuned),
      { units: 1, steps: 1000, turns, warmup: 200 },
    ),
};
