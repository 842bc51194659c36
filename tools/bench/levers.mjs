/**
 * What each setting of a process and of a session does to a training step, one at a time against today's defaults:
 *
 *   node tools/bench/levers.mjs                           resnet-20 batch 128
 *   node tools/bench/levers.mjs --network resnet-50 --batch 8 --steps 2
 *   node tools/bench/levers.mjs --only memory,layout --json       levers or values
 *
 * Both sides take turns; ratios are above 1 where the setting is quicker than the default. Page faults are those of a
 * step: memory that the kernel had to clear and map first. What came of it stands in decision 11.
 * Needs `npm run setup`. BENCH_TURNS changes the plan.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launchEnvironment } from '../setup/src/launch.mjs';
import { getLibtensorflow } from '../setup/src/libtensorflow.mjs';
import { Side, takeTurns } from './side.mjs';

/** @typedef {Record<string, string | undefined>} Environment */
/** @typedef {{ lever: string, value: string, env?: Environment, session?: object, layout?: 'NCHW' }} Setting */

/** Blocks above the first threshold are mapped and unmapped one by one; above the second free memory is given back. */
const KEPT = 'glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184';
const HUGE = 'glibc.malloc.hugetlb=1';

/** @type {readonly Setting[]} */
const SETTINGS = [
  { lever: 'nothing', value: 'the same twice' },
  { lever: 'oneDNN', value: 'off', env: { TF_ENABLE_ONEDNN_OPTS: '0' } },
  { lever: 'threads', value: 'within an operation 1', session: { intraOpThreads: 1 } },
  { lever: 'threads', value: 'operations at a time 1', session: { interOpThreads: 1 } },
  { lever: 'memory', value: 'kept, one arena', env: { GLIBC_TUNABLES: KEPT, MALLOC_ARENA_MAX: '1' } },
  { lever: 'huge pages', value: 'asked for by malloc', env: { GLIBC_TUNABLES: HUGE } },
  { lever: 'rewriting', value: 'off', session: { rewriteGraph: false } },
  { lever: 'layout', value: 'NCHW, on a stack of convolutions', layout: 'NCHW' },
];

/** Of the stack of convolutions. */
const LAYOUT_BATCH = 8;

const { values: given } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet-20' },
    batch: { type: 'string', default: '128' },
    steps: { type: 'string', default: '2' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const defaults = launchEnvironment({ ...process.env }, await getLibtensorflow(process.env));

/** @typedef {{ env?: Environment, session?: object, program: readonly string[] }} Run */

/**
 * @param {Run} run
 * @returns {Side}
 */
function sideOf({ env = {}, session = {}, program: [file = '', ...args] }) {
  const all = { ...defaults, ...env, BENCH_SESSION: JSON.stringify(session) };
  return new Side(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], all);
}

/**
 * @param {Setting} setting
 * @returns {{ changed: Run, usual: Run, batch: number }}
 */
function runsOf({ env = {}, session = {}, layout }) {
  if (layout) {
    const inLayout = (/** @type {string} */ its) => ({ program: ['layout_step.mjs', its, String(LAYOUT_BATCH)] });
    return { changed: inLayout(layout), usual: inLayout('NHWC'), batch: LAYOUT_BATCH };
  }
  const program = ['step_session.mjs', given.network, given.batch];
  return { changed: { env, session, program }, usual: { program }, batch: Number(given.batch) };
}

/** @param {Setting} setting */
async function measure(setting) {
  const runs = runsOf(setting);
  const [changed, usual] = [sideOf(runs.changed), sideOf(runs.usual)];
  const [steps, turns] = [Number(given.steps), Number(process.env['BENCH_TURNS'] ?? 5)];
  try {
    for (const side of [changed, usual]) await side.ready();
    const found = await takeTurns(changed, usual, { steps, turns, warmup: 1 });
    const perSecond = (/** @type {number} */ seconds) => Number((runs.batch / seconds).toFixed(1));
    const faults = async (/** @type {Side} */ side) =>
      Math.round(((await side.steps(steps)).pageFaults ?? NaN) / steps);
    return {
      ...{ lever: setting.lever, value: setting.value },
      ...{ rate: perSecond(found.ours), usualRate: perSecond(found.theirs), unit: 'images/s' },
      ...{ ratio: rounded(found.ratio), cpuRatio: rounded(found.cpuRatio) },
      ...{ pageFaults: await faults(changed), usualPageFaults: await faults(usual) },
    };
  } finally {
    changed.close();
    usual.close();
  }
}

/** @param {number} ratio */
const rounded = (ratio) => Number(ratio.toFixed(3));

/** @param {Awaited<ReturnType<typeof measure>>} row */
function tableRow({ lever, value, rate, usualRate, ratio, cpuRatio, pageFaults, usualPageFaults }) {
  const cells = [lever, value, rate, usualRate, ratio, cpuRatio, `${pageFaults} / ${usualPageFaults}`];
  return `| ${cells.join(' | ')} |`;
}

if (!given.json) {
  const huge = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8').trim();
  console.log(`${given.network}, batch ${given.batch}; transparent huge pages: ${huge}\n`);
  console.log('| lever | value | images/s | by default | ratio | by CPU time | page faults a step |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
}
const wanted = given.only?.split(',');
for (const setting of SETTINGS.filter(
  ({ lever, value }) => wanted?.some((name) => name === lever || name === value) ?? true,
)) {
  const row = await measure(setting);
  console.log(given.json ? JSON.stringify({ network: given.network, ...row }) : tableRow(row));
}
