/**
 * How many small steps a second, ours against Python's `session.run`: `node tools/bench/small-step.mjs`. Each side as it is
 * written by someone who knows it: one thread for
 * TensorFlow's operations; ours prepares the step, feeds it through views, and takes the executor for small graphs.
 * BLUEWATERS_PYTHON names a Python with TensorFlow.
 */
import { fileURLToPath } from 'node:url';
import { Side, takeTurns } from './side.mjs';

/** What TensorFlow reads before it starts, the same for both. */
const ENVIRONMENT = { TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '3', UV_THREADPOOL_SIZE: '16', ...process.env };

/** @param {string} name */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {{ steps?: number, turns?: number }} [plan] */
export async function smallStep({ steps = 1000, turns = 7 } = {}) {
  const ours = new Side(process.execPath, [beside('small_step_session.mjs')], ENVIRONMENT);
  const theirs = new Side(ENVIRONMENT['BLUEWATERS_PYTHON'] ?? 'python3', [beside('small_step.py')], ENVIRONMENT);
  try {
    await Promise.all([ours.ready(), theirs.ready()]);
    const found = await takeTurns(ours, theirs, { steps, turns, warmup: 200 });
    const { ratio, cpuRatio } = found;
    return { name: 'small step', ours: 1 / found.ours, theirs: 1 / found.theirs, ratio, cpuRatio, unit: 'steps/s' };
  } finally {
    ours.close();
    theirs.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await smallStep()));
