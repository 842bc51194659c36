import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { AskForRun, SubmitRun, type AdmissionQuestion, type MessageBus, type Submission } from '@bluewaters/messages';
import { resolveOptions } from '@bluewaters/service';
import { z } from 'zod';
import { frameOptions, placeOptions } from '../common-options.js';
import { defineVerb, type VerbContext } from '../verb.js';
import { launchCommand, launcherOptions, runOf, trainingOf, type LaunchedTraining } from './launch.js';
import { describeRun, withBus } from './runs.js';
import { options as trainOptions } from './train.js';

const submitOptions = z.strictObject({
  ranks: z.int().positive().describe('how many train it'),
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters runs submit` */
export const runsSubmit = defineVerb({
  options: submitOptions,
  examples: [
    [
      '$0 runs submit --ranks 2 --bus nats://127.0.0.1:4222 -- train --dataset mnist',
      'whoever runs `bluewaters runs admit` launches it',
    ],
  ],
  run: async (options, { words, print }) => {
    const { store, bus, ranks } = options;
    const { given } = withoutPlace(words);
    const values = resolveOptions(trainOptions, { flags: { ...given, store, bus }, environment: {} });
    const request = { run: await runOf(values), ranks, command: [...words] };
    const stands = await withBus(options, (opened) => opened.request(SubmitRun, request));
    print(describeRun(stands));
    return stands;
  },
});

/**
 * Reads a command that is submitted. Where bytes and messages are is for whoever launches it to say, who would otherwise
 * write wherever others want.
 *
 * @throws {CodedError} CONFIG_INVALID.
 */
function withoutPlace(words: readonly string[]): LaunchedTraining {
  const training = trainingOf(words, [], {});
  const named = PLACE.find((name) => training.given[name] !== undefined);
  if (named === undefined) return training;
  throw new CodedError(
    'CONFIG_INVALID',
    `--${named} is an option of who submits and of who launches, before the \`--\``,
    {
      details: { field: named, expected: 'nothing', got: String(training.given[named]) },
    },
  );
}

const PLACE = ['store', 'bus', 'config'];

const admitOptions = z.strictObject({
  ranks: z.int().positive().describe('ranks that there is room for'),
  ...launcherOptions,
  ...placeOptions,
  ...frameOptions,
});

type AdmitValues = z.output<typeof admitOptions>;

const ASK_EVERY_MS = 1_000;

/** `bluewaters runs admit` */
export const runsAdmit = defineVerb({
  options: admitOptions,
  examples: [
    ['$0 runs admit --ranks 4 --bus nats://127.0.0.1:4222', 'those of up to four ranks, on this machine'],
    ['$0 runs admit --ranks 64 --launcher srun --bus nats://login:4222', 'within a Slurm job'],
  ],
  run: (values, context) => withBus(values, (bus) => admitAll(bus, values, context)),
});

/** Launches one run after the other until this process is stopped. */
async function admitAll(bus: MessageBus, values: AdmitValues, context: VerbContext): Promise<{ launched: string[] }> {
  const { signal, print } = context;
  const { ranks } = values;
  const launched: string[] = [];
  const launcher = { host: hostname(), pid: process.pid };
  let failed: AdmissionQuestion['failed'];
  print(`waiting on ${bus.description} for runs of up to ${ranks} ranks (Ctrl-C to end)`);
  while (!signal.aborted) {
    const answer = await askForRun(bus, { launcher, ranks, ...(failed && { failed }) });
    if (answer) failed = undefined;
    if (answer?.admitted) {
      const { run, ...submission } = answer.admitted;
      launched.push(run);
      print(`launching ${run} on ${submission.ranks} ranks`);
      const reason = await launchOne(submission, values, context);
      print(`${run}: ${reason ?? 'done'}`);
      if (reason !== undefined) failed = { run, reason };
    } else {
      await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return { launched };
}

/** Undefined while no coordinator can be asked. */
async function askForRun(bus: MessageBus, question: AdmissionQuestion) {
  try {
    return await bus.request(AskForRun, question);
  } catch (error) {
    if (!toCodedError(error).retryable) throw error;
    return undefined;
  }
}

/** @returns Why the run has not come to its end. */
async function launchOne(
  { ranks, command }: Submission,
  values: AdmitValues,
  context: VerbContext,
): Promise<string | undefined> {
  const { store, bus } = values;
  try {
    withoutPlace(command);
    const words = [...command, '--store', store, '--bus', bus];
    await launchCommand({ ...values, ranks, json: false }, { ...context, words });
    return undefined;
  } catch (error) {
    return toCodedError(error).message.slice(0, 1000);
  }
}
