/** Training that begins with small pictures, which cost less, and ends with large ones. */
import { CodedError } from '@bluewaters/errors';
import { Graph } from '@bluewaters/tensorflow';
import type { SizePhase } from './hyperparameters.js';
import type { Network } from './network.js';
import { TrainingTower } from './training-tower.js';
import { VariableStore } from './variable-store.js';

/** What the side of training pictures follows from. */
export interface SizeSettings {
  /** Side after the last phase, in pixels: that of evaluation and of the model. */
  readonly imageSize: number;
  readonly progressiveSizes?: readonly SizePhase[] | undefined;
}

/** Side of the training pictures of an epoch, in pixels. @param epoch From 0. */
export function imageSizeAt({ imageSize, progressiveSizes = [] }: SizeSettings, epoch: number): number {
  return progressiveSizes.find(({ untilEpoch }) => epoch < untilEpoch)?.imageSize ?? imageSize;
}

/**
 * Refuses phases that are out of order, and networks that have other variables for pictures of another size: those that
 * flatten pictures instead of taking one value of each channel.
 *
 * @throws {CodedError} CONFIG_INVALID that names the first such variable.
 */
export function assertProgressiveSizes(network: Network, { imageSize, progressiveSizes = [] }: SizeSettings): void {
  progressiveSizes.forEach(({ untilEpoch }, index) => {
    const before = progressiveSizes[index - 1]?.untilEpoch ?? 0;
    if (untilEpoch > before) return;
    throw refusal('Phases of picture sizes end one after the other', `an epoch after ${before}`, String(untilEpoch));
  });
  if (progressiveSizes.length === 0) return;
  const wanted = variableShapes(network, imageSize);
  for (const phase of progressiveSizes) {
    const shapes = variableShapes(network, phase.imageSize);
    const other = [...wanted].find(([name, shape]) => shapes.get(name) !== shape);
    if (!other) continue;
    const [name, shape] = other;
    throw refusal(
      `The network ${network.name} has other variables for pictures of another size`,
      `${name} of ${shape} at ${phase.imageSize} pixels`,
      shapes.get(name) ?? 'none',
    );
  }
}

function refusal(message: string, expected: string, got: string): CodedError {
  return new CodedError('CONFIG_INVALID', message, { details: { field: 'progressiveSizes', expected, got } });
}

/** What a network has while it is trained, auxiliary heads too: shapes by name. */
function variableShapes(network: Network, imageSize: number): ReadonlyMap<string, string> {
  using graph = new Graph();
  const scope = graph.scope();
  const variables = new VariableStore(scope, 'none');
  const images = scope.placeholder('float32', [1, imageSize, imageSize, network.input.channels]);
  const training = new TrainingTower(0, scope.constant(0n));
  network.build({ scope, variables, training }, images, 2);
  return new Map(variables.variables.map(({ name, shape }) => [name, `[${shape.join(', ')}]`]));
}
