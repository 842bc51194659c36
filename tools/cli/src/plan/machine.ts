import { readFile } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { MACHINES } from './machines.js';

const positive = z.number().positive();

/** What a plan needs to know of a machine: one object, of a JSON file or built in, for each kind of node. */
export const Machine = z.strictObject({
  name: z.string(),
  description: z.string(),
  /** Where the figures come from; those that nobody has published are called estimates. */
  source: z.string(),
  nodes: z.int().positive(),
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
/** See {@link Machine:variable}. */
export type Machine = z.infer<typeof Machine>;

/**
 * A machine by its name, or from a JSON file.
 * @throws {CodedError} CONFIG_INVALID that lists the names, or names the field; FILE_NOT_FOUND.
 */
export async function findMachine(nameOrFile: string): Promise<Machine> {
  const known = MACHINES.find(({ name }) => name === nameOrFile);
  if (known) return Machine.parse(known);
  if (!nameOrFile.endsWith('.json')) {
    throw new CodedError('CONFIG_INVALID', `There is no machine ${nameOrFile}`, {
      details: {
        field: 'machine',
        expected: `${MACHINES.map(({ name }) => name).join(' or ')}, or a .json file`,
        got: nameOrFile,
      },
    });
  }
  const text = await readFile(nameOrFile, 'utf8').catch((cause: unknown) => {
    const details = { file: nameOrFile };
    throw new CodedError('FILE_NOT_FOUND', 'The file of the machine cannot be read', { details, cause });
  });
  return parseMachine(text, nameOrFile);
}

function parseMachine(text: string, file: string): Machine {
  try {
    return Machine.parse(JSON.parse(text));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    throw new CodedError('CONFIG_INVALID', 'The file of a machine is not in the expected form', {
      details: { file, field: issue?.path.join('.') ?? '', expected: issue?.message ?? 'JSON', got: 'something else' },
      cause,
    });
  }
}
