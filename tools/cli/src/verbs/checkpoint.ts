/** `bluewaters checkpoint …`: what a run has left, put in order, looked at, and made a model of. */
import { CodedError } from '@bluewaters/errors';
import { repair, StoredRun, type ListedCheckpoint } from '@bluewaters/training/programs';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { exportCheckpoint } from '../line.js';
import { formatCount, formatMegabytes, formatTable, percent } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace, workDirectoryOf, type Workplace } from '../workplace.js';

const options = z.strictObject({ ...placeOptions, ...frameOptions });

/** Run and step that `RUN` or `RUN:STEP` names. @throws {CodedError} CONFIG_INVALID. */
function readRef(words: readonly string[]): { readonly run: string; readonly step?: number } {
  const [text, ...others] = words;
  const [, run, step] = /^([^:]+)(?::(\d+))?$/u.exec(text ?? '') ?? [];
  if (run !== undefined && others.length === 0) return { run, ...(step !== undefined && { step: Number(step) }) };
  throw new CodedError('CONFIG_INVALID', 'Say which run, by one name that `bluewaters status` lists', {
    details: { field: 'run', expected: 'RUN or RUN:STEP', got: words.join(' ') },
  });
}

function openRun({ store, storeOptions }: Workplace, run: string): Promise<StoredRun> {
  return StoredRun.open({ store, run, workDirectory: workDirectoryOf(storeOptions) });
}

/** `bluewaters checkpoint ls` */
export const checkpointList = defineVerb({
  options,
  examples: [['$0 checkpoint ls digits-lenet', 'which are whole, which one the run goes on from']],
  run: (values, { print, words }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const { run } = readRef(words);
      const stored = await openRun(workplace, run);
      const checkpoints = await stored.list();
      formatTable(['step', 'size', 'top-1', 'state'], checkpoints.map(row)).forEach(print);
      for (const { problem } of checkpoints) if (problem) print(`  ${problem.message} (${problem.details?.file})`);
      if (stored.unreadable) print(`  ${stored.unreadable.message}; \`bluewaters checkpoint repair ${run}\``);
      return { run, checkpoints };
    }),
});

function row({ step, bytes, evaluation, state, latest, best }: ListedCheckpoint): string[] {
  const roles = [latest ? 'latest' : '', best ? 'best' : ''].filter(Boolean);
  return [
    formatCount(step),
    formatMegabytes(bytes),
    evaluation ? percent(evaluation.top1, 2) : '-',
    [state, ...roles].join(', '),
  ];
}

/** `bluewaters checkpoint show` */
export const checkpointShow = defineVerb({
  options,
  examples: [['$0 checkpoint show digits-lenet:400', 'without a step: the one that the run goes on from']],
  run: (values, { print, words }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const { run, step: wanted } = readRef(words);
      const stored = await openRun(workplace, run);
      const checkpoint = await stored.at(wanted);
      const { listCheckpoint } = await import('@bluewaters/tensorflow');
      const variables = await listCheckpoint(checkpoint.prefix);
      const engine = await stored.checkpoints.engineOf(checkpoint);
      const rows = variables.map(({ name, dtype, shape }) => [name, dtype, shape.join(' x ') || 'scalar']);
      formatTable(['variable', 'dtype', 'shape'], rows).forEach(print);
      const { tensorflow, cpu, threads } = engine;
      print(`\nstep ${formatCount(checkpoint.step)}, by TensorFlow ${tensorflow} with ${threads} threads on ${cpu}`);
      return { run, step: checkpoint.step, variables, engine };
    }),
});

/** `bluewaters checkpoint repair` */
export const checkpointRepair = defineVerb({
  options,
  examples: [['$0 checkpoint repair digits-lenet', 'names the whole checkpoints only; nothing damaged is removed']],
  run: (values, { print, words }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const { run } = readRef(words);
      const repaired = await repair(await openRun(workplace, run));
      repaired.done.forEach(print);
      print(
        repaired.step === undefined
          ? `${run} has no whole checkpoint and starts anew`
          : `${run} goes on from step ${formatCount(repaired.step)}`,
      );
      return { run, ...repaired };
    }),
});

const pruneOptions = z.strictObject({
  keep: z.int().positive().default(1).describe('newest checkpoints kept, beside that of the best epoch'),
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters checkpoint prune` */
export const checkpointPrune = defineVerb({
  options: pruneOptions,
  examples: [['$0 checkpoint prune digits-lenet --keep 2', 'room on disk; the run can still go on']],
  run: (values, { print, words }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const { run } = readRef(words);
      const pruned = await (await openRun(workplace, run)).prune(values.keep);
      print(`${run} keeps ${pruned.kept.length} checkpoints; ${formatMegabytes(pruned.bytes)} are free again`);
      return { run, ...pruned };
    }),
});

const exportOptions = z.strictObject({
  model: z.string().optional().describe("the name under which the model is registered; default: the run's"),
  threads: z.int().positive().optional().describe("TensorFlow's threads; default: all cores"),
  ...placeOptions,
  ...frameOptions,
});

/** `bluewaters checkpoint export` */
export const checkpointExport = defineVerb({
  options: exportOptions,
  examples: [
    ['$0 checkpoint export digits-lenet --model early', 'of a run that was killed, too'],
    ['$0 checkpoint export digits-lenet:400', 'any step that `checkpoint ls` calls whole'],
  ],
  run: ({ model, ...values }, { words, ...context }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      const line = { ...context, workplace };
      return exportCheckpoint(line, { ...readRef(words), ...(model !== undefined && { model }) });
    }),
});
