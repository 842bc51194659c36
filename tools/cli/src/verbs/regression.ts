import { placeInWorld, taskInOrder } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { Generations } from '../generations.js';
import { launchCluster } from '../launch-cluster.js';
import { rankOptions } from '../rank.js';
import { endAsTask, placeInCluster, taskOptions } from '../task.js';
import { formatCount } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({ ...taskOptions, worldSize: rankOptions.worldSize, ...frameOptions });

type Values = z.output<typeof options>;

/** How far off the line may be that workers find without waiting for one another. */
const TOLERANCE = 0.01;

/** `bluewaters regression` */
export const regression = defineVerb({
  options,
  examples: [['$0 regression --servers 1 --workers 2', 'on this machine, in seconds']],
  run: async (values, context) => {
    const place = placeInCluster(asTask(values));
    const { servers = 1, workers = 2, json } = values;
    if (!place) {
      const command = ['regression', ...(json ? ['--json'] : [])];
      const generations = await Generations.open('', { kind: 'in-process' }, context);
      const cluster = { servers, workers, command, environment: process.env };
      const { result } = await launchCluster({ ...cluster, restarts: 0, generations }, context);
      return result;
    }
    process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
    const { codeDigest } = await import('@bluewaters/training');
    const { LINE, regression: fit } = await import('@bluewaters/training/programs');
    const isChief = place.task.job === 'worker' && place.task.index === 0;
    const code = await codeDigest();
    const found = await endAsTask(place, isChief, () => fit({ ...place, code, signal: context.signal }));
    const { slope, intercept, steps, own, seconds } = found;
    context.print(
      `  y = ${slope.toFixed(3)} x ${intercept < 0 ? '-' : '+'} ${Math.abs(intercept).toFixed(3)} ` +
        `after ${formatCount(steps)} steps, ${formatCount(own)} of them by worker 0, in ${seconds.toFixed(1)} s`,
    );
    const off = Math.max(Math.abs(slope - LINE.slope), Math.abs(intercept - LINE.intercept));
    if (off <= TOLERANCE) return found;
    throw new CodedError('TRAINING_DIVERGED', 'The line that was found is not the one that the points are of', {
      details: { expected: `y = ${LINE.slope} x - 3, within ${TOLERANCE}`, got: `${slope} x + ${intercept}` },
    });
  },
});

/** What one of several processes is that a launcher has started, by its number: the first ones are servers. */
function asTask({ worldSize, ...values }: Values): Values {
  const { rank, size } = placeInWorld(process.env, { worldSize }) ?? {};
  if (values.task !== undefined || rank === undefined || size === undefined || size < 2) return values;
  const { servers = 1, workers = size - servers } = values;
  const task = taskInOrder(rank, { servers });
  return { ...values, servers, workers, ...(task && { task: `${task.job}:${task.index}` }) };
}
