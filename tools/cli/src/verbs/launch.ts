import { ranksOfJob, type Layout } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import { notIn, parseFlags, resolveOptions, withoutVariables } from '@bluewaters/service';
import { openStore } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, readPlace } from '../common-options.js';
import { Generations } from '../generations.js';
import { tasksOf } from '../cluster-hosts.js';
import { ClusterPart } from '../cluster-part.js';
import { launchCluster, launchPart } from '../launch-cluster.js';
import { isByGpu, layoutOf, layoutOption } from '../layouts.js';
import { list } from '../line-options.js';
import { launch as launchRanks, LAUNCHER_NAMES, runByLauncher, type LaunchOptions } from '../launch.js';
import { runHere } from '../launch-here.js';
import { endStopped, requestOf } from '../rank.js';
import { hasGpu } from '../tensorflow-probe.js';
import { defineVerb, type VerbContext } from '../verb.js';
import { options as trainOptions } from './train.js';

/** How ranks are started. */
export const launcherOptions = {
  over: z
    .enum(['mpi', 'grpc'])
    .default('mpi')
    .describe('what carries gradients between ranks; grpc needs no MPI, and ranks are on this machine'),
  launcher: z
    .enum(LAUNCHER_NAMES)
    .default('mpiexec')
    .describe(`what starts them: ${LAUNCHER_NAMES.join(', ')}`),
  launcherArguments: z.string().default('').describe('further arguments of the launcher, between spaces'),
  restarts: z.int().min(0).default(3).describe('times to start again from the last checkpoint when a rank is lost'),
};

const options = z.strictObject({
  ranks: z.int().positive().optional().describe('how many; default: what the batch job has room for'),
  servers: z.int().positive().optional().describe('instead of ranks: parameter servers, on this machine or --hosts'),
  workers: z.int().positive().optional().describe('with --servers: workers'),
  layout: layoutOption,
  hosts: list(z.string().min(1))
    .optional()
    .describe('with --servers: hosts to spread them and workers over, a,b,c; each starts its part by this command'),
  host: z.string().optional().describe('with --hosts: which of them this is; default: by the name of this machine'),
  rendezvous: z.string().optional().describe('with --hosts: a new folder that all of them see'),
  ...launcherOptions,
  ...frameOptions,
});

type Values = z.output<typeof options>;

/** Servers and workers that are asked for; none for ranks. */
function clusterOf({ ranks, hosts, ...values }: Values): Layout | undefined {
  if ((values.layout ?? values.servers ?? values.workers) === undefined) return undefined;
  return { servers: 1, workers: 1, ...layoutOf(values, hosts?.length ?? ranks) };
}

type WordsContext = VerbContext & { readonly words: readonly string[] };

/** `bluewaters launch` */
export const launch = defineVerb({
  launches: trainOptions,
  options,
  letters: { ranks: 'n' },
  examples: [
    ['$0 launch -n 4 -- train --dataset mnist', 'on four ranks of this machine'],
    ['$0 launch --ranks 2 --over grpc -- train --dataset mnist', 'on two, without MPI'],
    ['$0 launch --launcher srun -- train --dataset mnist', 'on as many as the Slurm job has tasks'],
    ['$0 launch --servers 1 --workers 3 -- train --dataset mnist', 'three workers, asynchronously'],
  ],
  run: async ({ ranks = ranksOfJob(process.env), ...values }, context) => {
    try {
      return await launchCommand({ ...values, ranks }, context);
    } catch (error) {
      endStopped(error, context);
    }
  },
});

/**
 * Launches the ranks or roles that train by a command, the words of `context`, until the run has come to its end.
 *
 * @throws {CodedError} As what the command needs, and as ranks end: INTERRUPTED, PROCESS_DIED.
 */
export async function launchCommand(values: Values, context: WordsContext): Promise<object> {
  const part = await openPart(values, context);
  const cluster = part?.layout ?? clusterOf(values);
  const command = [...context.words, ...(values.json ? ['--json'] : [])];
  const environment = withoutVariables(process.env, [...notIn(trainOptions, OWN), 'config']);
  const launched = { ...values, command, environment };
  try {
    if (cluster && part?.leads === false) return await launchPart({ ...launched, ...cluster, part }, context);
    const generations = await generationsOf(context.words, context);
    try {
      if (cluster) return await launchCluster({ ...launched, ...cluster, part, generations }, context);
      return await launchOnRanks({ ...launched, generations }, context);
    } finally {
      await generations.close();
    }
  } finally {
    await part?.close();
  }
}

/**
 * This host's part of servers and workers that are spread over several.
 *
 * @throws {CodedError} CONFIG_INVALID, and as {@link ClusterPart.open}.
 */
async function openPart(values: Values, { signal }: WordsContext): Promise<ClusterPart | undefined> {
  const { hosts } = values;
  if (hosts === undefined) return undefined;
  if (isByGpu(values)) return ClusterPart.open({ ...values, hosts, hasGpu: await hasGpu() }, signal);
  const cluster = clusterOf(values);
  if (cluster && hosts.every((_, host) => tasksOf(host, hosts.length, cluster).length > 0)) {
    return ClusterPart.open({ ...values, hosts }, signal);
  }
  throw new CodedError('CONFIG_INVALID', 'Servers and workers are spread over hosts, one or more on each', {
    details: { field: 'hosts', expected: 'fewer of them, or --servers and --workers', got: hosts.join(',') },
  });
}

async function launchOnRanks(
  { ranks, ...values }: Values & Pick<LaunchOptions, 'command' | 'environment' | 'generations'>,
  context: WordsContext,
): Promise<object> {
  if (ranks === undefined) throw new CodedError('CONFIG_INVALID', 'Say how many ranks: --ranks N is missing');
  if (values.over === 'grpc') return launchRanks({ ...values, ranks }, context, runHere);
  const launcherArguments = values.launcherArguments.split(' ').filter(Boolean);
  return launchRanks({ ...values, ranks, launcherArguments }, context, runByLauncher);
}

/** Those of the run that a command trains, which its options name. */
async function generationsOf(words: readonly string[], context: VerbContext): Promise<Generations> {
  const { values } = trainingOf(words, OWN);
  const place = readPlace(values);
  if (place.bus.kind === 'in-process') return Generations.open('', place.bus, context);
  return Generations.open(await runOf(values), place.bus, context);
}

/** What a command trains that several processes are to run. */
export interface LaunchedTraining {
  /** Of all its options. */
  readonly values: z.output<typeof trainOptions>;
  /** Those that stand in the command itself. */
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * Reads the command that ranks are to run.
 *
 * @param alsoKnown Options of whoever launches it, which the environment may set as well.
 * @param environment What it does not give is taken from here.
 * @throws {CodedError} CONFIG_INVALID, also for a command that several processes cannot run together.
 */
export function trainingOf(
  [verb = 'nothing', ...flags]: readonly string[],
  alsoKnown: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): LaunchedTraining {
  if (!LAUNCHED.includes(verb)) {
    throw new CodedError('CONFIG_INVALID', 'Ranks train together: `bluewaters launch --ranks 4 -- train …`', {
      details: { field: 'command', expected: LAUNCHED.join(' or '), got: verb },
    });
  }
  const given = parseFlags(trainOptions, flags);
  return { values: resolveOptions(trainOptions, { flags: given, environment, alsoKnown }), given };
}

/** The name of the run that is trained. */
export async function runOf(values: LaunchedTraining['values']): Promise<string> {
  const store = await openStore(readPlace(values).store);
  try {
    return (await requestOf(values, store)).run;
  } finally {
    await store.close();
  }
}

const OWN = Object.keys(options.shape);

/** The verbs that several processes may run together. */
const LAUNCHED = ['train'];
