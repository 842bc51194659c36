import { cpus } from 'node:os';
import { join } from 'node:path';
import type { ClassificationMetrics, Predictions } from '@bluewaters/models';
import type { RecordTable } from '@bluewaters/records';
import { percent } from '@bluewaters/service';
import { readScalars, tensorflowVersion, type ScalarPoint } from '@bluewaters/tensorflow';
import { writeWhole } from '../files.js';
import type { RunContext } from '../run-context.js';
import { classFigures, shortName } from './class-figures.js';
import type { Curve } from './line-chart.js';
import { readExample } from '../read-example.js';
import { bestOf, type Evaluations } from '../standing.js';
import { describeWorlds, type World } from '../worlds.js';
import { worstMistakes, type Mistake } from './mistakes.js';
import { reportPage, type ReportContents, type ShownMistake } from './report-page.js';

/** Pictures of mistakes that are shown. */
const MOST_MISTAKES = 24;

/** What was found on the validation split, and where its pictures are. */
export interface ReportSources {
  readonly metrics: ClassificationMetrics;
  readonly predictions: Predictions;
  /** Whose weights the model has. */
  readonly step: number;
  /** Of each epoch, oldest first. */
  readonly evaluations: Evaluations;
  /** Which of how many ranks made which steps. */
  readonly worlds: readonly World[];
  /** Shards of the validation split, and where its records lie in them. */
  readonly files: readonly string[];
  readonly records: RecordTable;
  /** Of the registered model. */
  readonly version: number;
}

type Curves = ReadonlyMap<string, readonly ScalarPoint[]>;

/**
 * Writes `report.html` into `checkpoint_dir`: what the run is, how it went and where it is wrong, in one file that needs
 * nothing else.
 *
 * @returns Its path.
 */
export async function writeReport(run: RunContext, sources: ReportSources): Promise<string> {
  const train = await readScalars(join(run.directory, 'train'));
  const validation = await readScalars(join(run.directory, 'validation'));
  const path = join(run.directory, 'report.html');
  await writeWhole(path, reportPage(await contentsOf(run, sources, { train, validation })));
  await run.mirror.commit([path]);
  return path;
}

async function contentsOf(
  run: RunContext,
  sources: ReportSources,
  curves: { readonly train: Curves; readonly validation: Curves },
): Promise<ReportContents> {
  const { request, manifest, terms } = run;
  const { metrics, predictions } = sources;
  const shown = worstMistakes(predictions, MOST_MISTAKES).map((mistake) => showMistake(run, sources, mistake));
  return {
    title: `${request.model}, version ${sources.version}: ${request.network} on ${request.dataset}`,
    terms,
    evaluation: metrics,
    figures: figuresOf(sources, curves.train),
    charts: chartsOf(curves),
    times: timesOf(curves, sources.evaluations.at(-1)?.step ?? 0),
    classes: classFigures(manifest.classes, metrics.confusion),
    confusion: metrics.confusion,
    mistakes: await Promise.all(shown),
    provenance: provenanceOf(run, sources),
    options: Object.entries(request).map(
      ([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
    ),
  };
}

function figuresOf({ metrics, evaluations }: ReportSources, train: Curves): ReportContents['figures'] {
  const rates = (train.get('images_per_second') ?? []).map(({ value }) => value).sort((a, b) => a - b);
  const rate = rates[Math.floor(rates.length / 2)];
  const [last, best] = [evaluations.at(-1), bestOf(evaluations)];
  return [
    ['right at the first guess', percent(metrics.top1)],
    ['among the first five', percent(metrics.top5)],
    ['loss', metrics.loss.toFixed(3)],
    ['held-out pictures', metrics.examples.toLocaleString('en-US')],
    ['steps', (last?.step ?? 0).toLocaleString('en-US')],
    [`best, after epoch ${best?.epoch ?? 0} of ${last?.epoch ?? 0}`, percent(best?.evaluation.top1 ?? 0)],
    ...(rate === undefined
      ? []
      : [['images/s in training, median', Math.round(rate).toLocaleString('en-US')] as const]),
  ];
}

function chartsOf({ train, validation }: { train: Curves; validation: Curves }): ReportContents['charts'] {
  const curve = (name: string, from: Curves, tag: string): Curve => ({
    name,
    points: (from.get(tag) ?? []).map(({ step, value }) => ({ x: step, y: value })),
  });
  return [
    { title: 'Loss', curves: [curve('training', train, 'loss'), curve('validation', validation, 'loss')] },
    {
      title: 'Accuracy on validation',
      curves: [curve('top 1', validation, 'accuracy/top1'), curve('top 5', validation, 'accuracy/top5')],
    },
    { title: 'Learning rate', curves: [curve('rate', train, 'learning_rate')] },
    { title: 'Images a second', curves: [curve('rate', train, 'images_per_second')] },
    {
      title: 'Seconds of a step',
      curves: ['compute', 'input', 'reduce'].map((part) => curve(part, train, `seconds/${part}`)),
    },
  ];
}

/** Where a step's time goes, on average over the run; checkpoints are shared out evenly among the steps. */
function timesOf({ train }: { train: Curves }, steps: number): ReportContents['times'] {
  const sum = (tag: string): number => (train.get(tag) ?? []).reduce((total, { value }) => total + value, 0);
  const mean = (part: string): number =>
    sum(`seconds/${part}`) / Math.max(1, train.get(`seconds/${part}`)?.length ?? 0);
  return [
    { name: 'compute', meaning: 'forward, backward and update', seconds: mean('compute') },
    { name: 'input', meaning: 'waiting for pictures', seconds: mean('input') },
    { name: 'reduce', meaning: 'exchanging gradients', seconds: mean('reduce') },
    { name: 'write', meaning: 'checkpoints', seconds: sum('seconds/checkpoint') / Math.max(1, steps) },
  ];
}

async function showMistake(
  { manifest }: RunContext,
  { files, records }: ReportSources,
  { record, truth, answer, loss }: Mistake,
): Promise<ShownMistake> {
  const name = (label: number): string => shortName(manifest.classes[label - 1]?.words ?? 'background');
  const { encoded, filename } = await readExample(files, records, record);
  return { filename, jpeg: encoded, truth: name(truth), answer: name(answer), loss };
}

function provenanceOf(
  { request, manifest, code, threads }: RunContext,
  { step, worlds }: ReportSources,
): ReportContents['provenance'] {
  return [
    ['run', request.run],
    ['weights', `of step ${step}, the ${request.export}`],
    ['manifest, sha256', request.manifest],
    ['index, sha256', manifest.index],
    ['Blue Waters ML', code.version],
    ['code, sha256', code.digest],
    ['TensorFlow', tensorflowVersion()],
    ['processor', cpus()[0]?.model ?? 'unknown'],
    ['ranks', describeWorlds(worlds)],
    ['threads', String(threads)],
    ['oneDNN', process.env['TF_ENABLE_ONEDNN_OPTS'] === '1' ? 'on' : 'off'],
    ['written', new Date().toISOString()],
  ];
}
