import { ranksOfJob } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { launchCluster } from '../launch-cluster.js';
import { launch as launchRanks, LAUNCHER_NAMES } from '../launch.js';
import { endStopped } from '../rank.js';
import { defineVerb } from '../verb.js';

/** The talk's job, with a barrier every step (`--update synchronous`), and its successor of 2018, asynchronous. */
const LAYOUTS = {
  talk: { servers: 1, workers: 15 },
  successor: { servers: 4, workers: 16 },
} as const;
const LAYOUT_NAMES = Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[];

const options = z.strictObject({
  ranks: z.int().positive().optional().describe('how many; default: what the batch job has room for'),
  servers: z.int().positive().optional().describe('instead of ranks over MPI: parameter servers, on this machine'),
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

/** Servers and workers that are asked for; none for ranks over MPI. */
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
  summary: 'train on several ranks over MPI or with parameter servers, and go on when one is lost',
  words: 'COMMAND',
  options,
  examples: [
    ['$0 launch --ranks 4 -- train --dataset mnist', 'on four ranks of this machine'],
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
      if (cluster) return await launchCluster({ ...cluster, command, restarts: values.restarts }, context);
      if (ranks === undefined) throw new CodedError('CONFIG_INVALID', 'Say how many ranks: --ranks N is missing');
      const launcherArguments = values.launcherArguments.split(' ').filter(Boolean);
      return await launchRanks({ ...values, ranks, command, launcherArguments }, context);
    } catch (error) {
      endStopped(error, context);
    }
  },
});

/** The verbs that several processes may run together. */
const LAUNCHED = ['train'];
