import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { saver, Session, type Tensor } from '@bluewaters/tensorflow';
import { networkByName, syntheticTraining } from './index.js';

/** One step to make on both sides. */
export interface StepToCompare {
  readonly network: string;
  readonly imageSize: number;
  readonly batch: number;
  readonly outputs: number;
}

/** How both sides run. */
export interface Setting {
  readonly threads: number;
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

/**
 * Makes each step here and, from the same checkpoint, by the network of the same name written in Python.
 *
 * @param python The interpreter.
 */
export async function compareWithPython(
  python: string,
  steps: readonly StepToCompare[],
  setting: Setting,
): Promise<Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), 'parity-'));
  try {
    const made: MadeStep[] = [];
    for (const [index, step] of steps.entries()) made.push(await makeStep(step, join(folder, String(index)), setting));
    const request = JSON.stringify({ steps: made.map((one) => one.request), ...setting });
    const { stdout } = await promisify(execFile)(python, ['-B', PROGRAM, request], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' },
    });
    const answers = JSON.parse(stdout.trim().split('\n').at(-1)!) as (Omit<Comparison, 'losses'> & { loss: number })[];
    return answers.map(({ loss, ...rest }, index) => ({ losses: [made[index]!.loss, loss], ...rest }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A step that was made here, and what Python needs to make it too. */
interface MadeStep {
  readonly loss: number;
  readonly request: Readonly<Record<string, unknown>>;
}

async function makeStep(step: StepToCompare, prefix: string, { threads, rewrite }: Setting): Promise<MadeStep> {
  const { network: name, imageSize, batch, outputs } = step;
  const network = networkByName(name);
  const training = syntheticTraining(network, { batch, outputs, imageSize });
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
  return { loss: loss.number(), request: { network: name, before, after, shape, outputs } };
}
