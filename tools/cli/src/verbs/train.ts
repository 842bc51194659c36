import { placeInWorld, type MeetingPlace, type Place } from '@bluewaters/collectives';
import type { TrainResult } from '@bluewaters/messages';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { startCoordinator } from '../job-coordinator.js';
import { isByGpu, layoutOf, layoutOption } from '../layouts.js';
import { shardsOptions, trainOptions } from '../line-options.js';
import { trainNetwork } from '../line.js';
import { rankOptions, requestOf, trainAsRank, withinTime } from '../rank.js';
import { trainAsRole } from '../role.js';
import { meetingPlace, placeInCluster, rankTaskOptions, trainAsTask, updateOptions } from '../task.js';
import { measureSynthetic, syntheticOptions } from '../synthetic.js';
import { hasGpu } from '../tensorflow-probe.js';
import { defineVerb, type VerbContext } from '../verb.js';
import { withWorkplace } from '../workplace.js';

/** What `bluewaters train` may be asked. */
export const options = z.strictObject({
  dataset: z.string().optional().describe('the name of the dataset'),
  seed: shardsOptions.seed,
  ...trainOptions,
  ...syntheticOptions,
  ...rankOptions,
  ...updateOptions,
  ...rankTaskOptions,
  layout: layoutOption,
  ...placeOptions,
  ...frameOptions,
});

type Values = z.output<typeof options>;

/** `bluewaters train` */
export const train = defineVerb({
  options,
  examples: [
    ['$0 train --dataset mnist', "with the network's own recipe"],
    ['$0 train --dataset cifar10 --recipe cifar-fast --epochs 5', 'by a recipe, but for half as long'],
    ['$0 train --dataset mnist --epochs 6', 'three more epochs of a run that had three'],
    ['$0 train --synthetic --network resnet-50 --batch 8', 'how fast this machine is, without any pictures'],
    ['$0 train --synthetic --recipe goyal --batch 8', 'the same by a recipe'],
  ],
  run: (values, context) => {
    if (values.synthetic) return measureSynthetic(values, context);
    const met = meetingPlace(values);
    const task = met ? undefined : placeInCluster(values);
    if (task) return trainAsTask(task, values, context);
    const place = met ?? placeInWorld(process.env, values);
    return place ? trainAmong(place, values, context) : trainAlone(values, context);
  },
});

/** Trains as one of several ranks, the first of which may bring a coordinator along. */
async function trainAmong(place: Place | MeetingPlace, values: Values, context: VerbContext): Promise<TrainResult> {
  if (values.startCoordinator && place.rank === 0) await startCoordinator(readPlace(values).bus, context);
  if (!('rendezvous' in place)) {
    if (isByGpu(values)) return trainAsRole(place, { hasGpu: await hasGpu() }, values, context);
    const { servers, workers } = layoutOf(values, place.size);
    if (servers !== undefined) return trainAsRole(place, { servers, workers }, values, context);
  }
  return trainAsRank(place, values, context);
}

function trainAlone(values: Values, context: VerbContext): Promise<object> {
  return withinTime(values.stopAfter, context, (bounded) =>
    withWorkplace(readPlace(values), async (workplace) => {
      return trainNetwork({ ...bounded, workplace }, await requestOf(values, workplace.store));
    }),
  );
}
