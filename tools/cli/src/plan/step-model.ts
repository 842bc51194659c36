/**
 * How long a step of synchronous training takes on a machine, and what it is spent on. Ranks compute the gradients of
 * their own pictures, and exchange them while they go back through the network: among the ranks of a node, and between
 * nodes. Links do not disturb one another, as on a torus that is shared with other jobs they do.
 */
import type { PlannedNodes } from './planned-nodes.js';

/** What is trained. */
export interface Work {
  readonly network: string;
  readonly parameters: number;
  /** Of one picture, forward. */
  readonly multiplyAdds: number;
  /** Pictures of a rank in a step. */
  readonly batch: number;
  /** Of a gradient's number as it travels: 4, or 2 when it is compressed. */
  readonly gradientBytes: number;
  /** Of a picture as it is stored. */
  readonly pictureBytes: number;
}

/** How gradients travel between nodes. */
export type Algorithm = 'ring' | 'halving and doubling';

/** The parts of a step, in seconds. All but the first are what the machine adds to it. */
export interface StepParts {
  readonly compute: number;
  /** For cores, where a node's ranks have more to do than it has cores for. */
  readonly sharing: number;
  /** For the slowest rank. */
  readonly waiting: number;
  /** For pictures, beyond what goes on beside computing. */
  readonly input: number;
  /** For gradients, beyond what goes on beside back-propagation. */
  readonly exchange: number;
}

/** A step on some ranks. */
export interface PlannedStep {
  readonly ranks: number;
  readonly nodes: number;
  readonly parts: StepParts;
  readonly algorithm: Algorithm | undefined;
  /** Of the whole step. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Pictures a second over those of as many single ranks, 0 to 1. */
  readonly efficiency: number;
}

/** Forward once, back twice: by the inputs and by the weights. */
const PASSES = 3;
const BACKWARD_SHARE = 2 / 3;
/** Of the wire's bandwidth, what collective operations reach with large messages: 70 to 90 % are reported. */
export const ACHIEVED = 0.75;
/** Gradients that travel together; the last of them have no computing beside them. */
const BUCKET_BYTES = 4 << 20;

/** @param ranks At least 1; as many as the machine has, at most. */
export function planStep(machine: PlannedNodes, work: Work, ranks: number): PlannedStep {
  const nodes = Math.ceil(ranks / machine.ranksPerNode);
  const compute = work.batch / imagesPerSecondAlone(machine, work);
  const sharing = compute * (slowdown(machine, ranks) - 1);
  const computing = compute + sharing;
  // The mean of the largest of n normally distributed times lies about sqrt(2 ln n) deviations above their mean.
  const waiting = computing * machine.device.jitter * Math.sqrt(2 * Math.log(ranks));
  const input = Math.max(0, inputSeconds(machine, work, { ranks, nodes }) - computing - waiting);
  const { seconds: travelling, algorithm } = exchangeSeconds(machine, work, { ranks, nodes });
  const last = travelling * Math.min(1, BUCKET_BYTES / (work.parameters * work.gradientBytes));
  const exchange = Math.max(last, travelling - BACKWARD_SHARE * computing);
  const seconds = computing + waiting + input + exchange;
  const rate = (ranks * work.batch) / seconds;
  return {
    ...{ ranks, nodes, algorithm, seconds },
    parts: { compute, sharing, waiting, input, exchange },
    imagesPerSecond: rate,
    efficiency: rate / (ranks * (work.batch / (compute + inputAlone(machine, work, compute)))),
  };
}

/** Of one rank that waits for nothing. */
function imagesPerSecondAlone({ device }: PlannedNodes, { network, multiplyAdds }: Work): number {
  return device.imagesPerSecond[network] ?? (device.peakFlops * device.efficiency) / (PASSES * 2 * multiplyAdds);
}

/** By how much longer a rank computes on a node whose cores other ranks need as well; 1 where there are enough. */
function slowdown({ cores, ranksPerNode, device: { threads } }: PlannedNodes, ranks: number): number {
  const neighbours = Math.min(ranks, ranksPerNode);
  return Math.max(1, (neighbours * threads) / cores);
}

function inputAlone(machine: PlannedNodes, work: Work, compute: number): number {
  return Math.max(0, inputSeconds(machine, work, { ranks: 1, nodes: 1 }) - compute);
}

interface Placement {
  readonly ranks: number;
  readonly nodes: number;
}

function inputSeconds({ input }: PlannedNodes, { batch, pictureBytes }: Work, { ranks, nodes }: Placement): number {
  const pictures = ranks * batch;
  const read = (pictures * pictureBytes) / Math.min(nodes * input.perNode, input.total);
  return Math.max(read, pictures / (nodes * input.decoded));
}

function exchangeSeconds(
  { network, local, ranksPerNode }: PlannedNodes,
  { parameters, gradientBytes }: Work,
  { ranks, nodes }: Placement,
): { readonly seconds: number; readonly algorithm: Algorithm | undefined } {
  const bytes = parameters * gradientBytes;
  const within = ring(Math.min(ranks, ranksPerNode), bytes, local);
  if (nodes === 1) return { seconds: within, algorithm: undefined };
  const ways = [
    { algorithm: 'ring', seconds: ring(nodes, bytes, network) },
    { algorithm: 'halving and doubling', seconds: halvingAndDoubling(nodes, bytes, network) },
  ] as const;
  const between = ways.reduce((best, way) => (way.seconds < best.seconds ? way : best));
  // While some gradients travel between nodes, the next ones do so within.
  return { seconds: Math.max(within, between.seconds), algorithm: between.algorithm };
}

type Link = PlannedNodes['network'];

/** Every byte passes every rank twice but for its own part, in 2 (n - 1) messages. */
function ring(ranks: number, bytes: number, { latency, bandwidth }: Link): number {
  return 2 * (ranks - 1) * latency + (2 * (1 - 1 / ranks) * bytes) / (ACHIEVED * bandwidth);
}

/** As many bytes in 2 log2(n) messages; where n is no power of two, some ranks send all to a neighbour first. */
function halvingAndDoubling(ranks: number, bytes: number, { latency, bandwidth }: Link): number {
  const rounds = Math.floor(Math.log2(ranks));
  const power = 2 ** rounds;
  const traffic = 2 * (1 - 1 / power) + (power === ranks ? 0 : 2);
  return 2 * (rounds + (power === ranks ? 0 : 1)) * latency + (traffic * bytes) / (ACHIEVED * bandwidth);
}

/** How often to write a checkpoint, and what failures cost. */
export interface Endurance {
  /** Seconds between failures of the nodes of the job. */
  readonly meanTimeBetweenFailures: number;
  /** Seconds between checkpoints that lose the least. */
  readonly checkpointEvery: number;
  /** The share of the time that is not lost to writing, to work done twice and to starting again, 0 to 1. */
  readonly useful: number;
}

/**
 * @param variables Numbers in a checkpoint for each parameter: 2 with momentum.
 * @see Daly 2006, "A higher order estimate of the optimum checkpoint interval", equation 8.
 */
export function endurance(machine: PlannedNodes, work: Work, nodes: number, variables = 2): Endurance {
  const failures = (machine.nodeMtbfHours * 3600) / nodes;
  const writing = (work.parameters * variables * 4) / machine.checkpoint.bandwidth;
  const every = Math.sqrt(2 * writing * failures);
  const lost = writing / every + (every / 2 + machine.checkpoint.restart) / failures;
  return { meanTimeBetweenFailures: failures, checkpointEvery: every, useful: Math.max(0, 1 - lost) };
}
