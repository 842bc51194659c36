import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { findDataset } from '../digests.js';
import { findParent } from '../find-model.js';
import { shardsOptions, trainOptions, trainRequest } from '../line-options.js';
import { trainNetwork } from '../line.js';
import { measureSynthetic, syntheticOptions } from '../synthetic.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';

const options = z.strictObject({
  dataset: z.string().optional().describe('the name of the dataset'),
  seed: shardsOptions.seed,
  ...trainOptions,
  ...syntheticOptions,
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters train` */
export const train = defineVerb({
  name: 'train',
  summary: 'train a network on a dataset and register the model',
  options,
  examples: [
    ['$0 train --dataset mnist', "with the network's own recipe"],
    ['$0 train --dataset cifar10 --recipe cifar-fast --epochs 12', 'by a recipe, but for half as long'],
    ['$0 train --dataset mnist --epochs 6', 'three more epochs of a run that had three'],
    ['$0 train --synthetic --network resnet-50 --batch 8', 'how fast this machine is, without any pictures'],
    ['$0 train --synthetic --recipe goyal --batch 8', 'the same by a recipe'],
  ],
  run: (values, context) => {
    if (values.synthetic) return measureSynthetic(values, context);
    return withWorkplace(readPlace(values), async (workplace) => {
      if (values.dataset === undefined) {
        throw new CodedError('CONFIG_INVALID', 'Say which dataset: --dataset NAME is missing');
      }
      const dataset = await findDataset(workplace.store, values.dataset);
      return trainNetwork(
        { ...context, workplace },
        await trainRequest(values, dataset, await findParent(workplace.store, values)),
      );
    });
  },
});
