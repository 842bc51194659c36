import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { saver, Session, type Tensor } from '@bluewaters/tensorflow';
import { networkByName, syntheticTraining } from './index.js';

/**
 * A file that takes what was found, a line of JSON for each step. `npm run prove -- parity` names one, and with it asks
 * for the sizes of the papers.
 */
const FINDINGS = process.env['BLUEWATERS_PARITY'];

/** How long a comparison of all networks may take. */
export const PATIENCE_MS = (FINDINGS ? 60 : 15) * 60_000;

/** A network, and the side of its pictures in pixels: about the least that it takes, and the paper's. */
interface Case {
  readonly network: string;
  readonly small: number;
  readonly full: number;
  readonly rewrite?: boolean;
}

const CASES: readonly Case[] = [
  { network: 'resnet-20', small: 32, full: 32 },
  { network: 'resnet-50', small: 32, full: 224 },
  // With fewer pixels its last normalisations are over so few values that they multiply a last bit.
  { network: 'resnet-50-v2', small: 96, full: 224, rewrite: false },
  { network: 'vgg-16', small: 32, full: 224 },
  { network: 'alexnet', small: 67, full: 227 },
  { network: 'alexnet-2012', small: 67, full: 227 },
  // TensorFlow's rewriting sorts the terms of sums by the names of operations, and Python's names are others: with more
  // than two terms, as where branches meet, sums then differ in the last bit.
  { network: 'inception-v3', small: 107, full: 299, rewrite: false },
  // The least at which a head's windows, 5 x 5 and three apart, are more than one.
  { network: 'googlenet', small: 113, full: 224, rewrite: false },
];

/** One step to make on both sides. */
export interface StepToCompare {
  readonly network: string;
  readonly imageSize: number;
  readonly batch: number;
  readonly outputs: number;
  /** See `SessionOptions.rewriteGraph`. */
  readonly rewrite: boolean;
}

/** What came of one step on both sides. */
export interface Comparison {
  readonly losses: readonly [ours: number, theirs: number];
  /** Number of variables: parameters, statistics, accumulators, the count of steps, and the batch. */
  readonly variables: number;
  /** Names of those that differ in any byte. */
  readonly differing: readonly string[];
  /** The largest difference of any variable, relative to the largest value in it. */
  readonly largest: { readonly name: string; readonly relative: number };
}

const PROGRAM = fileURLToPath(new URL('../python/training_step.py', import.meta.url));

/** A step of each network of those names; in the proof, of every network that there is in Python. */
export function stepsToCompare(names: readonly string[]): StepToCompare[] {
  const cases = CASES.filter(({ network }) => FINDINGS !== undefined || names.includes(network));
  return cases.map(({ network, small, full, rewrite = true }) => ({
    network,
    imageSize: FINDINGS ? full : small,
    batch: FINDINGS ? 8 : 2, // a power of two: the mean over it is exact however it is taken
    outputs: FINDINGS ? 1001 : 11,
    rewrite,
  }));
}

/**
 * Makes each step here and, from the same checkpoint, by the network of the same name written in Python.
 *
 * @param python The interpreter.
 * @param threads Of both sides, within an operation and between them.
 * @returns By the name of the network.
 */
export async function compareWithPython(
  python: string,
  steps: readonly StepToCompare[],
  threads: number,
): Promise<Map<string, Comparison>> {
  const folder = await mkdtemp(join(tmpdir(), 'parity-'));
  try {
    const made: MadeStep[] = [];
    for (const step of steps) made.push(await makeStep(step, join(folder, step.network), threads));
    const request = JSON.stringify({ steps: made.map((one) => one.request), threads });
    const { stdout } = await promisify(execFile)(python, ['-B', PROGRAM, request], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' },
    });
    const answers = JSON.parse(stdout.trim().split('\n').at(-1)!) as (Omit<Comparison, 'losses'> & { loss: number })[];
    const found = answers.map(({ loss, ...rest }, index) => ({ losses: [made[index]!.loss, loss], ...rest }) as const);
    const names = steps.map(({ network }) => network);
    if (FINDINGS) await note(FINDINGS, threads, names, found);
    return new Map(names.map((network, index) => [network, found[index]!]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function note(file: string, threads: number, names: string[], found: readonly Comparison[]): Promise<void> {
  const lines = found.map((one, index) => JSON.stringify({ network: names[index], threads, ...one }));
  await appendFile(file, `${lines.join('\n')}\n`);
}

/** A step that was made here, and what Python needs to make it too. */
interface MadeStep {
  readonly loss: number;
  readonly request: Readonly<Record<string, unknown>>;
}

async function makeStep(step: StepToCompare, prefix: string, threads: number): Promise<MadeStep> {
  const { network: name, imageSize, batch, outputs, rewrite } = step;
  const network = networkByName(name);
  const training = syntheticTraining(network, { batch, outputs, imageSize, convolutions: 'stock' });
  using graph = training.graph;
  const keeper = saver(graph.scope(), training.variables);
  using session = new Session(graph, { intraOpThreads: threads, interOpThreads: threads, rewriteGraph: rewrite });
  const [before, after] = [`${prefix}-before`, `${prefix}-after`];
  await session.run({ targets: [training.initialize] });
  await keeper.save(session, before);
  const [fetched] = await session.run({ fetches: [training.loss], targets: [training.step] });
  using loss = fetched as Tensor;
  await keeper.save(session, after);
  const shape = [batch, imageSize, imageSize, network.input.channels];
  return { loss: loss.number(), request: { network: name, before, after, shape, outputs, rewrite } };
}
