/**
 * How long a process takes from its start to the end of its first training step, ours against Python's:
 * `node tools/bench/start.mjs`. BLUEWATERS_PYTHON names a Python with TensorFlow.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What TensorFlow reads before it starts, the same for both. */
const ENVIRONMENT = { TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '3', UV_THREADPOOL_SIZE: '16', ...process.env };

/** @param {string} name */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/**
 * @param {string} program
 * @param {string} file
 * @returns {number} Seconds.
 */
function secondsToFirstStep(program, file) {
  const startedAt = performance.now();
  execFileSync(program, [beside(file), '--once'], { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] });
  return (performance.now() - startedAt) / 1000;
}

/** @param {{ turns?: number }} [plan] The first turn only brings the files into memory and does not count. */
export function start({ turns = 5 } = {}) {
  /** @type {{ ours: number[], theirs: number[] }} */
  const found = { ours: [], theirs: [] };
  for (let turn = 0; turn <= turns; turn += 1) {
    const ours = secondsToFirstStep(process.execPath, 'small_step_session.mjs');
    const theirs = secondsToFirstStep(ENVIRONMENT['BLUEWATERS_PYTHON'] ?? 'python3', 'small_step.py');
    if (turn === 0) continue;
    found.ours.push(ours);
    found.theirs.push(theirs);
  }
  const [ours, theirs] = [median(found.ours), median(found.theirs)];
  return { name: 'start to first step', ours, theirs, ratio: theirs / ours, unit: 's' };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(start()));
