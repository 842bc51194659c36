import { ranksOfJob } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { parseFlags, resolveOptions } from '@bluewaters/service';
import { openStore } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, readPlace } from '../common-options.js';
import { Generations } from '../generations.js';
import { launchCluster } from '../launch-cluster.js';
import { launch as launchRanks, LAUNCHER_NAMES, runByLauncher } from '../launch.js';
import { runHere } from '../launch-here.js';
import { endStopped, requestOf } from '../rank.js';
import { defineVerb, type VerbContext } from '../verb.js';
import { options as trainOptions } from './train.js';

/** The talk's job, with a barrier every step (`--update synchronous`), and its successor of 2018, asynchronous. */
const LAYOUTS = {
  talk: { servers: 1, workers: 15 },
  successor: { servers: 4, workers: 16 },
} as const;
const LAYOUT_NAMES = Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[];

const options = z.strictObject({
  ranks: z.int().positive().optional().describe('how many; default: what the batch job has room for'),
  over: z
    .enum(['mpi', 'grpc'])
    .default('mpi')
    .describe('what carries gradients between ranks; grpc needs no MPI, and ranks are on this machine'),
  servers: z.int().positive().optional().describe('instead of ranks: parameter servers, on this machine'),
  workers: z.int().positive().optional().describe('with --servers: workers'),
  layout: z
    .enum(LAYOUT_NAMES)
    .optional()
    .describe('servers and workers of the original jobs: talk for 1 and 15, successor for 4 and 16'),
  launcher: z
    .enum(LAUNCHER_NAMES)
    .default('mpiexec')
    .describe(`what starts them: ${LAUNCHER_NAMES.join(', ')}`),
  launcherArguments: z.string().default('').describe('further arguments of the launcher, between spaces'),
  restarts: z.int().min(0).default(3).describe('times to start again from the last checkpoint when a rank is lost'),
  ...frameOptions,
});

type Values = z.output<typeof options>;

/** Servers and workers that are asked for; none for ranks. */
function layoutOf({
  layout,
  servers,
  workers,
}: Values): { readonly servers: number; readonly workers: number } | undefined {
  if (layout === undefined && servers === undefined && workers === undefined) return undefined;
  const preset = layout === undefined ? { servers: 1, workers: 1 } : LAYOUTS[layout];
  return { servers: servers ?? preset.servers, workers: workers ?? preset.workers };
}

/** `bluewaters launch` */
export const launch = defineVerb({
  name: 'launch',
  summary: 'train on several ranks or with parameter servers, and go on when one is lost',
  words: 'COMMAND',
  options,
  examples: [
    ['$0 launch --ranks 4 -- train --dataset mnist', 'on four ranks of this machine'],
    ['$0 launch --ranks 2 --over grpc -- train --dataset mnist', 'on two, without MPI'],
    ['$0 launch --launcher srun -- train --dataset mnist', 'on as many as the Slurm job has tasks'],
    ['$0 launch --servers 1 --workers 3 -- train --dataset mnist', 'three workers, asynchronously'],
  ],
  run: async ({ ranks = ranksOfJob(process.env), json, ...values }, context) => {
    if (!LAUNCHED.includes(context.words[0] ?? '')) {
      throw new CodedError('CONFIG_INVALID', 'Ranks train together: `bluewaters launch --ranks 4 -- train …`', {
        details: { field: 'command', expected: LAUNCHED.join(' or '), got: context.words[0] ?? 'nothing' },
      });
    }
    const cluster = layoutOf({ ...values, ranks, json });
    const command = [...context.words, ...(json ? ['--json'] : [])];
    try {
      const generations = await generationsOf(context.words, context);
      const { restarts } = values;
      if (cluster) return await launchCluster({ ...cluster, command, restarts, generations }, context);
      if (ranks === undefined) throw new CodedError('CONFIG_INVALID', 'Say how many ranks: --ranks N is missing');
      const launched = { ...values, ranks, command, generations };
      if (values.over === 'grpc') return await launchRanks(launched, context, runHere);
      const launcherArguments = values.launcherArguments.split(' ').filter(Boolean);
      return await launchRanks({ ...launched, launcherArguments }, context, runByLauncher);
    } catch (error) {
      endStopped(error, context);
    }
  },
});

/** Those of the run that a command trains, which its options name. */
async function generationsOf([, ...flags]: readonly string[], context: VerbContext): Promise<Generations> {
  const sources = { flags: parseFlags(trainOptions, flags), environment: process.env, alsoKnown: OWN };
  const values = resolveOptions(trainOptions, sources);
  const place = readPlace(values);
  if (place.bus.kind === 'in-process') return Generations.open('', place.bus, context);
  const store = await openStore(place.store);
  try {
    const { run } = await requestOf(values, store);
    return await Generations.open(run, place.bus, context);
  } finally {
    await store.close();
  }
}

const OWN = Object.keys(options.shape);

/** The verbs that several processes may run together. */
const LAUNCHED = ['train'];
