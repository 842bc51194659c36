/**
 * The training service: takes training work from the queue, one run at a time, and gives each to a rank in a child
 * process. A rank that dies (an abort in TensorFlow, a kill) makes the work come again; it then goes on from the last
 * checkpoint. What is known of runs and models is rebuilt from the store at the start.
 */
import { CodedError, deserializeError, type SerializedError } from '@bluewaters/errors';
import {
  consumeJobs,
  ImportModel,
  EvaluateModel,
  ExportCheckpoint,
  RankEnded,
  RankReported,
  serveChild,
  Train,
  type EvaluateResult,
  type JobContext,
  type Progress,
  type TrainRequest,
  type TrainResult,
} from '@bluewaters/messages';
import {
  builtModule,
  forkChild,
  keepTold,
  loadPrometheus,
  runChildTask,
  type ForkedChild,
  type RunningService,
  type ServicePorts,
  onAbort,
} from '@bluewaters/service';
import { assertAccess } from '@bluewaters/registry';
import { Coordinator } from './coordinator/coordinator.js';
import { startPage, type RunningPage } from './coordinator/page/page-server.js';
import { LoneRuns } from './lone-runs.js';
import type { EvaluateTask } from './evaluation/evaluate.main.js';
import type { TrainingOptions } from './options.js';
import type { RankTask } from './rank.main.js';
import { rebuildState } from './rebuild-state.js';
import { announceVersion } from './registry.js';
import { coordinatedRuns, measureRuns } from './run-metrics.js';
import type { ExportedCheckpoint } from './stored-run/export-checkpoint.js';
import type { ExportTask } from './stored-run/export.main.js';

/** Starts the service. It is ready at once; ranks are started when there is work. */
export async function start(options: TrainingOptions, ports: ServicePorts): Promise<RunningService> {
  const { bus, store, log, metrics } = ports;
  const { Counter } = loadPrometheus();
  const runs = new Counter({
    name: 'bluewaters_training_runs_total',
    help: 'Training work that ended, by outcome.',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  const alone = new LoneRuns();
  const told = await keepTold(ports, () => rebuildState(bus, store, log));
  const subscription = await consumeJobs(bus, Train, async (request, context) => {
    await assertAccess(store, request.dataset, context.person);
    log.info({ run: request.run, attempt: context.attempt }, 'starting a rank');
    try {
      const result = await runRank(options, ports, { request, context, alone });
      runs.inc({ outcome: 'done' });
      return result;
    } catch (error) {
      runs.inc({ outcome: 'failed' });
      throw error;
    }
  });
  const imports = await consumeJobs(bus, ImportModel, async (request, context) => {
    log.info({ file: request.file, model: request.model }, 'importing weights');
    // With TensorFlow, which a service does without that starts ranks alone.
    const { importModel } = await import('./import/import-model.js');
    return importModel(request, { bus, store, options, report: (progress) => context.report(progress) });
  });
  const evaluations = await consumeJobs(bus, EvaluateModel, async (request, context) => {
    await assertAccess(store, request.dataset, context.person);
    log.info({ model: request.model, version: request.version, dataset: request.dataset }, 'evaluating a model');
    const task: EvaluateTask = { ...options, request };
    const module = builtModule(new URL('./evaluation/evaluate.main.js', import.meta.url));
    return runChildTask<EvaluateResult, Progress>(module, task, {
      onReport: (progress) => context.report(progress),
      signal: context.signal,
    });
  });
  const exports = await consumeJobs(bus, ExportCheckpoint, async (request, context) => {
    log.info({ run: request.run, step: request.step }, 'exporting a checkpoint');
    const task: ExportTask = { ...options, request, person: context.person };
    const module = builtModule(new URL('./stored-run/export.main.js', import.meta.url));
    const { entry, result } = await runChildTask<ExportedCheckpoint, Progress>(module, task, {
      onReport: (progress) => context.report(progress),
      signal: context.signal,
    });
    await announceVersion(bus, entry);
    return result;
  });
  const coordinator = options.coordinator ? await Coordinator.start({ bus, log }) : undefined;
  measureRuns(() => [...alone.records(), ...(coordinator ? coordinatedRuns(coordinator) : [])], metrics);
  const page = coordinator && (await showRuns(coordinator, options, ports));
  const stop = async (): Promise<void> => {
    await page?.stop();
    await coordinator?.stop();
    await Promise.all([subscription, imports, evaluations, exports].map((consumer) => consumer.stop()));
    await told.stop();
  };
  return { name: 'training', readiness: () => ({ ready: true }), stop };
}

/** Serves the page, where one is asked for. */
async function showRuns(
  watched: Coordinator,
  { pageHost: host, pagePort: port }: TrainingOptions,
  { bus, log }: ServicePorts,
): Promise<RunningPage | undefined> {
  if (port === undefined) return undefined;
  const page = await startPage({ watched, bus, log, listen: { host, port } });
  log.info({ address: page.address }, 'a page shows the runs');
  return page;
}

/** One delivery of training work. */
interface Assignment {
  readonly request: TrainRequest;
  readonly context: JobContext;
  readonly alone: LoneRuns;
}

/** Runs one rank to its end. @throws {CodedError} what the rank said, or PROCESS_DIED when it said nothing. */
async function runRank(options: TrainingOptions, ports: ServicePorts, assignment: Assignment): Promise<TrainResult> {
  const { request, context, alone } = assignment;
  const { bus } = ports;
  let rank!: ForkedChild;
  let settle!: { resolve: (result: TrainResult) => void; reject: (error: CodedError) => void };
  const ended = new Promise<TrainResult>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const subscriptions = await Promise.all([
    alone.follow(bus, request.run, context.attempt),
    bus.subscribe(RankReported, ({ run, progress }) => {
      if (run === request.run) context.report(progress);
    }),
    bus.subscribe(RankEnded, ({ run, result, error }) => {
      if (run !== request.run) return;
      if (result) settle.resolve(result);
      else settle.reject(deserializeError((error ?? { code: 'INTERNAL', message: '' }) as SerializedError));
    }),
  ]);
  const { store, workDirectory, threads } = options;
  const task: RankTask = { store, workDirectory, threads, request, patient: context.attempt > 1 };
  const died = new Promise<never>((_, reject) => {
    rank = forkChild(builtModule(new URL('./rank.main.js', import.meta.url)), {
      env: { BLUEWATERS_RANK: JSON.stringify(task) },
      fewObjects: true,
      onExit: (error) => void lastWordOverdue(error).catch(reject),
    });
  });
  const bridge = serveChild(rank.process, bus);
  const stopHeeding = onAbort(context.signal, () => void rank.process.kill('SIGTERM'));
  try {
    return await Promise.race([ended, died]);
  } finally {
    stopHeeding();
    await rank.exited;
    await Promise.all([bridge.stop(), ...subscriptions.map((subscription) => subscription.stop())]);
  }
}

/** A rank's last word may still be on its way when its exit is seen. */
async function lastWordOverdue(error: CodedError | undefined): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  throw error ?? new CodedError('PROCESS_DIED', 'A rank ended without a word');
}
