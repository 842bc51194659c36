/**
 * What there is to know of a machine: one JSON file for each, in `tools/cli/machines` or of one's own. Jobs are submitted
 * by it, training is planned by it, and images are checked against it.
 */
import { z } from 'zod';

const positive = z.number().positive();
const Walltime = z.string().regex(/^\d+:[0-5]\d:[0-5]\d$/u, 'hours:minutes:seconds, as in 12:00:00');

/** What a plan needs to know of a node, and of what it is connected to. Bandwidths: one direction, in bytes a second. */
export const Figures = z.strictObject({
  /** Where the figures come from; those that nobody has published are called estimates. */
  source: z.string(),
  ranksPerNode: z.int().positive(),
  /** What a rank computes with. */
  device: z.strictObject({
    name: z.string(),
    /** In the precision that is trained in, per second. */
    peakFlops: positive,
    /** The share of them that training a convolutional network gets, 0 to 1. */
    efficiency: positive.max(1),
    /** Measured training rates of one rank by network, which take the place of that estimate. */
    imagesPerSecond: z.record(z.string(), positive).default({}),
    /** Of the node's cores, those that a rank computes with; 0 where it computes on something else. */
    threads: z.number().min(0).default(0),
    /** Standard deviation of a step's time over its mean: the slowest of many ranks is waited for. */
    jitter: z.number().min(0).max(1),
  }),
  /** Between nodes, and between ranks of one: seconds until a message starts, and bytes a second for each node. */
  network: z.strictObject({ latency: positive, bandwidth: positive }),
  local: z.strictObject({ latency: positive, bandwidth: positive }),
  /** Encoded pictures: bytes a second from the file system, for one node and for all; pictures a second that a node decodes. */
  input: z.strictObject({ perNode: positive, total: positive, decoded: positive }),
  /** Bytes a second to where checkpoints go, and seconds until a job that lost a node trains again. */
  checkpoint: z.strictObject({ bandwidth: positive, restart: positive }),
  /** Mean time between failures of a node, in hours. */
  nodeMtbfHours: positive,
});
/** See {@link Figures:variable}. */
export type Figures = z.infer<typeof Figures>;

/** Nodes that are alike. */
export const NodeType = z.strictObject({
  description: z.string(),
  nodes: z.int().positive(),
  /** Of each; for PBS the most that `ppn` may be. */
  cores: z.int().positive(),
  gpus: z.int().min(0),
  /** What programs meet there, where it is known. */
  system: z
    .strictObject({
      /** Linux' version, such as `3.0.101`. */
      kernel: z
        .string()
        .regex(/^\d+\.\d+(?:\.\d+)?$/u, 'a version such as 3.0.101')
        .optional(),
      /** As `uname -m` says it. */
      architecture: z.enum(['x86_64', 'aarch64']).optional(),
      /** Beyond SSE2, as Linux names them. */
      cpuFeatures: z.array(z.string()).optional(),
    })
    .default({}),
  /** Without them nothing is planned for these nodes. */
  figures: Figures.optional(),
});
/** See {@link NodeType:variable}. */
export type NodeType = z.infer<typeof NodeType>;

/** A queue, or as Slurm calls it a partition. */
const Queue = z.strictObject({
  /** The longest that a job may ask for. */
  walltime: Walltime,
  /** The most that a job may ask for, where that is fewer than there are. */
  nodes: z.int().positive().optional(),
  /** Those that it has; all by default. */
  nodeTypes: z.array(z.string()).optional(),
});

/** What a job asks for where the user asks for nothing else. Cores, GPUs and memory are of each node. */
const JobShape = z.strictObject({
  nodeType: z.string(),
  nodes: z.int().positive(),
  queue: z.string().optional(),
  walltime: Walltime.optional(),
  cores: z.int().positive().optional(),
  gpus: z.int().min(0).default(0),
  memoryGb: positive.optional(),
});
/** See {@link JobShape:variable}. */
export type JobShape = z.infer<typeof JobShape>;

/** A machine's file. */
export const MachineFile = z
  .strictObject({
    /** People write these files and may leave it out: that is version 1. */
    format: z.literal('bluewaters.machine.v1').optional(),
    description: z.string(),
    /** Where it is known from. */
    source: z.string(),
    batch: z.strictObject({
      system: z.enum(['pbs', 'slurm', 'none']),
      /** What starts a program on compute nodes: with `none` it is started where the job runs. */
      launcher: z.enum(['aprun', 'srun', 'mpiexec', 'none']),
      /** Whether jobs without an account are refused. */
      needsAccount: z.boolean().default(false),
      /** By name; empty where nobody knows them, and nothing is checked then. */
      queues: z.record(z.string(), Queue).default({}),
    }),
    container: z.strictObject({
      runtime: z.enum(['shifter', 'apptainer', 'none']),
      /** A resource that PBS jobs ask for to have it, such as `gres=shifter`. */
      resource: z.string().optional(),
    }),
    /** Folders that all nodes have and images are to see. */
    mounts: z.array(z.string().startsWith('/')).default([]),
    /** Modules that every job loads. */
    modules: z.array(z.string()).default([]),
    /** What names of network interfaces between nodes begin with. */
    interfaces: z.array(z.string()).default([]),
    /** MPI libraries that the site puts in the place of an image's own. */
    mpiLibraries: z.array(z.string()).default([]),
    /** For indexing and building shards, and for training. */
    jobs: z.strictObject({ prepare: JobShape, train: JobShape }),
    nodeTypes: z.record(z.string(), NodeType),
  })
  .superRefine((machine, context) => {
    const unknown = (path: readonly string[], known: object, name = ''): void => {
      if (Object.hasOwn(known, name)) return;
      context.addIssue({ code: 'custom', path: [...path], message: Object.keys(known).join(' or '), input: name });
    };
    for (const [job, { nodeType, queue }] of Object.entries(machine.jobs)) {
      unknown(['jobs', job, 'nodeType'], machine.nodeTypes, nodeType);
      if (queue !== undefined) unknown(['jobs', job, 'queue'], machine.batch.queues, queue);
    }
    for (const [type, { cores, figures }] of Object.entries(machine.nodeTypes)) {
      const { threads = 0 } = figures?.device ?? {};
      const path = ['nodeTypes', type, 'figures', 'device', 'threads'];
      if (threads > cores) context.addIssue({ code: 'custom', path, message: `at most ${cores}`, input: threads });
    }
    for (const [name, { nodeTypes = [] }] of Object.entries(machine.batch.queues)) {
      for (const type of nodeTypes) unknown(['batch', 'queues', name, 'nodeTypes'], machine.nodeTypes, type);
    }
  });

/** A machine by its name, or by the name of the file that describes it. */
export type Machine = z.infer<typeof MachineFile> & { readonly name: string };
