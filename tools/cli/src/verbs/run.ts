/**
 * `bluewaters run`: the whole line for one archive, from tar to answer. Each step finds what an earlier run has done and
 * goes on from there, so an interrupted run is simply started again.
 *
 *     archive → ingest → example index → shards → TFRecords → training → SavedModel → inference → HTTP answer
 */
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { workersFor } from '../ingest-workers.js';
import { datasetName } from '../dataset-name.js';
import { findParent } from '../find-model.js';
import { heldOutExamples } from '../held-out.js';
import { ingestOptions, shardsOptions, trainOptions, trainRequest } from '../line-options.js';
import { trainNetwork, type LineContext } from '../line.js';
import { prepareQuickstart } from '../quickstart.js';
import { formatCount, percent } from '../terminal.js';
import { reachServing } from '../serving.js';
import { tryPredictions, type TrialResult } from '../trial.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';
import { howToGoOn, pathsOf } from '../where-things-are.js';
import { ingestFrom } from './ingest.js';
import { buildFrom } from './shards.js';

const options = z.strictObject({
  quickstart: z.boolean().default(false).describe('use the complete MNIST as the archive'),
  ...ingestOptions,
  ...shardsOptions,
  ...trainOptions,
  minimumAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('fail when fewer held-out pictures are right; default: 0.985 with --quickstart and lenet'),
  ...placeOptions,
  ...frameOptions,
});
type Options = Readonly<z.output<typeof options>>;

/** Held-out pictures that are sent over HTTP. */
const TRIED = 1000;

/** `bluewaters run` */
export const run = defineVerb({
  options,
  examples: [
    ['$0 run --quickstart', 'handwritten digits, in a few minutes'],
    ['$0 run --images A.tar --synsets synsets.txt --words words.txt --network cifarnet', 'an archive of your own'],
  ],
  run: async (values, context) => {
    const place = { ...readPlace(values), workers: await workersFor(values.images, values.check) };
    return withWorkplace(place, (workplace) => runLine({ ...context, workplace }, values, context.print));
  },
});

async function runLine(context: LineContext, given: Options, print: (line: string) => void): Promise<unknown> {
  if (given.quickstart) refuseOwnArchive(given);
  const startedAt = performance.now();
  const { workplace, terminal } = context;
  terminal.say(`Blue Waters ML: archive in, prediction out, in ${workplace.store.description}`);
  const values = given.quickstart ? { ...given, ...(await prepareQuickstart(context)) } : given;
  const dataset = values.dataset ?? datasetName(values.images ?? '');

  await ingestFrom(context, { ...values, dataset });
  const built = await buildFrom(context, { ...values, dataset });
  const trained = await trainNetwork(
    context,
    await trainRequest(values, built, await findParent(workplace.store, values)),
  );
  const trial = await tryOverHttp(context, { dataset, model: trained.model, version: trained.version });

  trial.table.forEach(print);
  print(`  ${percent(trial.accuracy)} of ${formatCount(trial.tried)} held-out pictures are right, over HTTP`);
  const paths = pathsOf(workplace.store, { dataset, run: trained.run, model: trained.model, version: trained.version });
  howToGoOn(values.store, { paths, model: trained.model }).forEach(print);
  assertAccuracy(trial, values.minimumAccuracy ?? (values.quickstart && values.network === 'lenet' ? 0.985 : 0));
  return {
    accuracy: trial.accuracy,
    heldOut: trained.evaluation.examples,
    top1: trained.evaluation.top1,
    seconds: (performance.now() - startedAt) / 1000,
    imagesPerSecond: trained.imagesPerSecond ?? null,
    paths,
  };
}

/** The quickstart has an archive of its own: one that is named beside it would be passed over in silence. */
function refuseOwnArchive(given: Options): void {
  const named = (['images', 'synsets', 'words', 'dataset'] as const).find((option) => given[option] !== undefined);
  if (named === undefined) return;
  throw new CodedError('CONFIG_INVALID', 'The quickstart brings its own archive', {
    details: { field: named, expected: 'either --quickstart or an archive of yours', got: 'both' },
  });
}

async function tryOverHttp(
  context: LineContext,
  names: { readonly dataset: string; readonly model: string; readonly version: number },
): Promise<TrialResult> {
  const { workplace, terminal, signal } = context;
  terminal.progress('inference', starting());
  const serving = await reachServing(workplace, names, signal);
  try {
    terminal.endProgress(`  inference: ${names.model} version ${names.version} is ready on ${serving.address}`);
    const examples = await heldOutExamples(workplace.store, names.dataset, TRIED);
    return await tryPredictions({ address: serving.address, model: names.model, examples, signal });
  } finally {
    await serving.stop();
  }
}

function starting(): Parameters<LineContext['terminal']['progress']>[1] {
  return { job: 'serve', work: 'serve', state: 'running', attempt: 1, updatedAt: Date.now() };
}

function assertAccuracy({ accuracy }: TrialResult, minimum: number): void {
  if (accuracy >= minimum) return;
  throw new CodedError('MODEL_INVALID', 'The model is worse than it has to be', {
    details: { field: 'accuracy', expected: `at least ${minimum}`, got: accuracy.toFixed(4) },
  });
}
