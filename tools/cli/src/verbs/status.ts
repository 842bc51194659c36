import { setTimeout as sleep } from 'node:timers/promises';
import {
  CoordinatedRuns,
  Datasets,
  Indexes,
  IndexSynset,
  Jobs,
  Models,
  Runs,
  type JobRecord,
  type RunRecord,
  type StateDefinition,
} from '@bluewaters/messages';
import type { ObjectStore } from '@bluewaters/storage';
import { indexName } from '@bluewaters/records';
import { runHolder } from '@bluewaters/training';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { COORDINATED_HEADER, coordinatedRow } from '../coordinated.js';
import { splitColumns } from '../split-columns.js';
import { describeProgress, formatCount, formatTable, percent } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace, type Workplace } from '../workplace.js';

const options = z.strictObject({
  watch: z.boolean().default(false).describe('show it again and again, until Ctrl-C'),
  ...placeOptions,
  ...frameOptions,
});

/** Between two looks. */
const LOOK_EVERY_MS = 2_000;
/** Lets a screen begin anew at its top left corner. */
const CLEAR = '\x1b[H\x1b[2J';

/** `bluewaters status` */
export const status = defineVerb({
  options,
  examples: [
    ['$0 status', 'read from the store'],
    ['$0 status --bus nats://127.0.0.1:4222', 'with the jobs of services that run elsewhere'],
    ['$0 status --watch --bus nats://127.0.0.1:4222', 'as it changes: ranks too, where someone coordinates'],
  ],
  run: ({ watch, ...values }, { print, signal }) =>
    withWorkplace(readPlace(values), async (workplace) => {
      // Without a bus the services are started for a moment: each tells what the store holds.
      await workplace.need('ingest', 'shards', 'training');
      for (;;) {
        const state = await readState(workplace);
        if (watch && process.stdout.isTTY) print(CLEAR);
        describeState(state).forEach(print);
        if (watch) await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
        if (!watch || signal.aborted) return state;
      }
    }),
});

/** Units of a job are counted in the job's own progress, and would bury the rest. */
function isUnderWay({ state, work }: JobRecord): boolean {
  return work !== IndexSynset.subject && (state === 'queued' || state === 'running');
}

/** Everything that the state tables hold, and who works on the runs. */
async function readState({ bus, store }: Workplace) {
  const values = async <T>(definition: StateDefinition<T>): Promise<T[]> =>
    (await (await bus.state(definition)).list()).map(({ value }) => value);
  return {
    indexes: await values(Indexes),
    datasets: await values(Datasets),
    runs: await Promise.all((await values(Runs)).map((run) => withWorker(store, run))),
    coordinated: await values(CoordinatedRuns),
    models: await values(Models),
    jobs: (await values(Jobs)).filter(isUnderWay),
  };
}

/**
 * Says from the store alone who is working on a run. One that nobody works on, and that was neither stopped nor is done,
 * was interrupted: started again it goes on.
 */
async function withWorker(store: ObjectStore, run: RunRecord) {
  const worker = (await runHolder(store, run.run)) ?? null;
  const state = worker !== null ? 'running' : run.state === 'running' ? 'interrupted' : run.state;
  return { ...run, state, worker };
}

function describeRun({ state, worker }: Awaited<ReturnType<typeof withWorker>>): string {
  return worker ? `${state}, by ${worker.pid} on ${worker.host}, step ${formatCount(worker.step)}` : state;
}

function describeState(state: Awaited<ReturnType<typeof readState>>): string[] {
  const accuracy = (share: number | undefined): string => (share === undefined ? '-' : percent(share, 2));
  const { header, cells } = splitColumns(state.datasets);
  return [
    ...section(
      'indexes',
      ['dataset', 'images', 'synsets', 'refused'],
      state.indexes.map((index) => [
        indexName(index.dataset, index.split),
        ...[index.examples, index.synsets, index.refused].map(formatCount),
      ]),
    ),
    ...section(
      'datasets',
      ['dataset', ...header],
      state.datasets.map(({ dataset, splits }) => [dataset, ...cells(splits)]),
    ),
    ...section(
      'runs',
      ['run', 'network', 'state', 'step', 'epoch', 'top-1', 'best'],
      state.runs.map((run) => [
        run.run,
        run.network,
        describeRun(run),
        formatCount(run.step),
        String(run.epoch),
        accuracy(run.evaluation?.top1),
        accuracy(run.best?.evaluation.top1),
      ]),
    ),
    ...(state.coordinated.length > 0
      ? section('ranks', COORDINATED_HEADER, state.coordinated.map(coordinatedRow))
      : []),
    ...section(
      'models',
      ['model', 'version', 'run', 'top-1'],
      state.models.map(({ model, version, run, top1 }) => [model, String(version), run ?? 'imported', accuracy(top1)]),
    ),
    ...section(
      'jobs',
      ['job', 'state', 'progress'],
      state.jobs.map((job) => [job.job, job.state, describeProgress(job)]),
    ),
  ];
}

function section(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [title, ...(rows.length === 0 ? ['  none'] : formatTable(header, rows)), ''];
}
