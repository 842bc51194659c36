/** The three jobs of the talk as a machine is asked for them: what each asks for, and the variables that its script reads. */
import { datasetName } from '../dataset-name.js';
import type { JobShape, Machine } from '../machines/machine.js';
import type { SubmitValues } from './options.js';
import { refuseJobs } from './refuse.js';

/** In the order in which they run, each after the one before. Scripts of these names lie in `pbs`. */
export const JOB_NAMES = ['extract_data_from_archive', 'build_imagenet_data', 'distributed_tf_launch'] as const;
/** One of {@link JOB_NAMES}. */
export type JobName = (typeof JOB_NAMES)[number];

/** A job to submit. */
export interface Job {
  readonly name: JobName;
  /** The script's path on the machine. */
  readonly script: string;
  readonly asks: Asked;
  /** The script's arguments, by their names there. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What a job asks of the batch system. Cores, GPUs and memory are of each node. */
export interface Asked extends JobShape {
  readonly cores: number;
  readonly account?: string;
  /** Of the nodes those that stand by. */
  readonly spares?: number;
}

type Variables = Partial<Record<keyof SubmitValues, string>>;

const OF_ALL: Variables = { dataset: 'DATASET', store: 'STORE', image: 'IMAGE' };
const OF_JOB: Readonly<Record<JobName, Variables>> = {
  extract_data_from_archive: {
    ...{ images: 'IMAGES', synsets: 'SYNSETS', words: 'WORDS', imageList: 'LIST', boxes: 'BOXES' },
  },
  build_imagenet_data: {
    ...{ validationList: 'VALIDATION_LIST', trainShards: 'TRAIN_SHARDS', validationShards: 'VALIDATION_SHARDS' },
  },
  distributed_tf_launch: {
    ...{ run: 'RUN', model: 'MODEL', network: 'NETWORK', recipe: 'RECIPE', epochs: 'EPOCHS', batch: 'BATCH' },
    ...{ threads: 'THREADS', spares: 'SPARES', trainOptions: 'TRAIN_OPTIONS' },
  },
};

/** Every variable that a script may be given here: what the submitting shell has of them must not reach a job. */
export const VARIABLE_NAMES: readonly string[] = [
  ...[OF_ALL, ...Object.values(OF_JOB)].flatMap((table) => Object.values(table)),
  ...['BW_HOME', 'LAUNCHER', 'MODULES', 'RUNTIME', 'MOUNTS', 'MODE', 'GROUND_TRUTH', 'SERVERS', 'COORDINATOR'],
];

/**
 * The jobs as the options and the machine make them.
 * @param home Where the repository lies on the machine.
 * @throws {CodedError} CONFIG_INVALID for what the machine cannot do, naming the option.
 */
export function planJobs(machine: Machine, values: SubmitValues, home: string): Job[] {
  const named = { ...values, dataset: values.dataset ?? datasetName(values.images) };
  const jobs = JOB_NAMES.map((name) => ({
    name,
    script: `${home}/pbs/${name}.pbs`,
    asks: askFor(name, machine, values),
    variables: { BW_HOME: home, ...ofMachine(machine, values), ...given(named, { ...OF_ALL, ...OF_JOB[name] }) },
  }));
  refuseJobs(machine, values, jobs);
  return jobs;
}

function askFor(name: JobName, machine: Machine, { account, ...values }: SubmitValues): Asked {
  const shape = name === 'distributed_tf_launch' ? trainingShape(machine, values) : machine.jobs.prepare;
  const most = machine.nodeTypes[shape.nodeType]?.cores ?? 1;
  return { ...shape, cores: Math.min(shape.cores ?? most, most), ...defined({ account }) };
}

function trainingShape({ jobs }: Machine, values: Omit<SubmitValues, 'account'>): JobShape & Pick<Asked, 'spares'> {
  const { nodes = jobs.train.nodes, spares = 0, nodeType, queue, walltime } = values;
  return { ...jobs.train, ...defined({ nodeType, queue, walltime }), nodes: nodes + spares, spares };
}

/** What the scripts are told of the site. */
function ofMachine({ batch, container, mounts, modules }: Machine, { image }: SubmitValues): Record<string, string> {
  return {
    LAUNCHER: batch.launcher,
    ...(modules.length > 0 && { MODULES: modules.join(' ') }),
    ...(image !== undefined && { RUNTIME: container.runtime, MOUNTS: mounts.join(' ') }),
  };
}

function given(values: SubmitValues, table: Variables): Record<string, string> {
  const entries = Object.entries(table) as [keyof SubmitValues, string][];
  return Object.fromEntries(
    entries.flatMap(([name, variable]) => (values[name] === undefined ? [] : [[variable, String(values[name])]])),
  ) as Record<string, string>;
}

function defined<Values extends object>(values: Values): { [Name in keyof Values]?: NonNullable<Values[Name]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}
