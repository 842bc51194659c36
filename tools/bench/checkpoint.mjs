/**
 * How long a step is held up by a checkpoint, written beside the steps (`saveInBackground`, ours) or before the next one
 * (`save`, theirs): `node tools/bench/checkpoint.mjs`, with a folder's path if not the system's temporary one.
 *
 * 160 variables of 100 MB together, and a step that changes all of them. Held up are the call and what the next step
 * takes longer than the usual one: where the write still has a variable's memory, a step writes to a new copy of it.
 * Told beside them: how much longer the first step takes, and the memory that a snapshot takes before any step.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@bluewaters/tensorflow';

const [VARIABLES, MB, CHECKPOINTS, STEPS] = [160, 100, 7, 20];
const size = Math.round((MB * 1e6) / 4 / VARIABLES);

const graph = new tf.Graph();
const scope = graph.scope();
const one = scope.constant(1, { shape: [size] });
const variables = Array.from({ length: VARIABLES }, (_, i) =>
  tf.variable(scope, `v${i}`, { dtype: 'float32', shape: [size], initializer: tf.initializers.zeros() }),
);
const updates = variables.map(({ handle }) =>
  scope.op('AssignAddVariableOp', { inputs: [handle, one], attributes: { dtype: 'float32' } }),
);
const saver = tf.saver(scope, variables);
const session = new tf.Session(graph, { intraOpThreads: 2, interOpThreads: 2 });
const step = () => session.run({ targets: updates });

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/**
 * @param {() => Promise<unknown>} doing
 * @returns {Promise<number>} Milliseconds.
 */
async function timed(doing) {
  const startedAt = performance.now();
  await doing();
  return performance.now() - startedAt;
}

/** The median of steps that nothing is written beside, in milliseconds. */
async function usualStep() {
  const all = [];
  for (let made = 0; made < STEPS; made += 1) all.push(await timed(step));
  return median(all);
}

/** What a snapshot takes before a step: megabytes, of the process. */
async function snapshotMegabytes() {
  const before = process.memoryUsage.rss();
  const snapshot = await saver.snapshot(session);
  const taken = process.memoryUsage.rss() - before;
  snapshot[Symbol.dispose]();
  return taken / 1e6;
}

/**
 * @param {() => Promise<void>} save
 * @param {number} usual
 */
async function heldUp(save, usual) {
  const call = await timed(save);
  return { call, firstStep: (await timed(step)) - usual };
}

/** @param {tf.CheckpointKeeper} keeper */
async function measure(keeper) {
  const [ours, theirs, firstSteps] = [[], [], []].map(() => /** @type {number[]} */ ([]));
  for (let turn = 0; turn < CHECKPOINTS; turn += 1) {
    const usual = await usualStep();
    const inTurn = await heldUp(() => keeper.save(session, 2 * turn), usual);
    theirs?.push(inTurn.call + inTurn.firstStep);
    await usualStep();
    const beside = await heldUp(() => keeper.saveInBackground(session, 2 * turn + 1), usual);
    ours?.push(beside.call + beside.firstStep);
    firstSteps?.push(beside.firstStep);
    await keeper.settled();
  }
  return { ours: median(ours ?? []), theirs: median(theirs ?? []), firstStep: median(firstSteps ?? []) };
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'bluewaters-checkpoint-'));
try {
  await session.run({ targets: variables.map(({ initializer }) => initializer) });
  await usualStep();
  const megabytes = await snapshotMegabytes();
  const keeper = await tf.CheckpointKeeper.open({ saver, directory, keep: 2 });
  const { ours, theirs, firstStep } = await measure(keeper);
  const usual = await usualStep();
  const name = `checkpoint of ${MB} MB`;
  const rest = { firstStepMs: firstStep, usualStepMs: usual, snapshotMegabytes: megabytes };
  console.log(JSON.stringify({ name, ours, theirs, ratio: theirs / ours, unit: 'ms', ...rest }));
} finally {
  session[Symbol.dispose]();
  graph[Symbol.dispose]();
  rmSync(directory, { recursive: true });
}
