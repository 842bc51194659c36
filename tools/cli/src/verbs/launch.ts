import { EXIT_CODES, ranksOfJob } from '@bluewaters/collectives';
import { CodedError, isCodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { launch as launchRanks, LAUNCHER_NAMES } from '../launch.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({
  ranks: z.int().positive().optional().describe('how many; default: what the batch job has room for'),
  launcher: z
    .enum(LAUNCHER_NAMES)
    .default('mpiexec')
    .describe(`what starts them: ${LAUNCHER_NAMES.join(', ')}`),
  launcherArguments: z.string().default('').describe('further arguments of the launcher, between spaces'),
  restarts: z.int().min(0).default(3).describe('times to start again from the last checkpoint when a rank is lost'),
  ...frameOptions,
});

/** `bluewaters launch` */
export const launch = defineVerb({
  name: 'launch',
  summary: 'train on several ranks over MPI, and go on when one is lost',
  words: 'COMMAND',
  options,
  examples: [
    ['$0 launch --ranks 4 -- train --dataset mnist', 'on four ranks of this machine'],
    ['$0 launch --launcher srun -- train --dataset mnist', 'on as many as the Slurm job has tasks'],
  ],
  run: async ({ ranks = ranksOfJob(process.env), launcherArguments, json, ...values }, context) => {
    if (ranks === undefined) throw new CodedError('CONFIG_INVALID', 'Say how many ranks: --ranks N is missing');
    if (context.words[0] !== 'train') {
      throw new CodedError('CONFIG_INVALID', 'Ranks train together: `bluewaters launch --ranks 4 -- train …`', {
        details: { field: 'command', expected: 'train', got: context.words[0] ?? 'nothing' },
      });
    }
    const command = [...context.words, ...(json ? ['--json'] : [])];
    try {
      return await launchRanks(
        { ...values, ranks, command, launcherArguments: launcherArguments.split(' ').filter(Boolean) },
        context,
      );
    } catch (error) {
      if (!isCodedError(error, 'INTERRUPTED')) throw error;
      context.terminal.say(`  ${error.message}; the same command goes on from there`);
      process.exit(EXIT_CODES.stopped);
    }
  },
});
