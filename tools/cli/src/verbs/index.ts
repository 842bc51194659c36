/** Every verb of the command line by its name, in the order in which help lists them. */
import type { Verb } from '../verb.js';

/** What a verb needs is loaded when it is asked for: a command starts sooner, and takes no memory for the others. */
const LOADERS: Readonly<Record<string, () => Promise<Verb>>> = {
  run: async () => (await import('./run.js')).run,
  'archive tour': async () => (await import('./archive.js')).archiveTour,
  ingest: async () => (await import('./ingest.js')).ingest,
  'synsets show': async () => (await import('./synsets.js')).synsetsShow,
  'shards build': async () => (await import('./shards.js')).shardsBuild,
  'shards verify': async () => (await import('./shards.js')).shardsVerify,
  'shards ls': async () => (await import('./shards.js')).shardsList,
  'terms set': async () => (await import('./terms.js')).termsSet,
  'terms show': async () => (await import('./terms.js')).termsShow,
  'terms accept': async () => (await import('./terms.js')).termsAccept,
  'terms grant': async () => (await import('./grants.js')).termsGrant,
  'terms revoke': async () => (await import('./grants.js')).termsRevoke,
  'terms ls': async () => (await import('./terms.js')).termsList,
  'networks ls': async () => (await import('./networks.js')).networksList,
  'networks show': async () => (await import('./networks.js')).networksShow,
  train: async () => (await import('./train.js')).train,
  launch: async () => (await import('./launch.js')).launch,
  coordinate: async () => (await import('./coordinate.js')).coordinate,
  'runs stop': async () => (await import('./runs.js')).runsStop,
  'runs pause': async () => (await import('./runs.js')).runsPause,
  'runs resume': async () => (await import('./runs.js')).runsResume,
  'runs scale': async () => (await import('./runs.js')).runsScale,
  'runs evaluate': async () => (await import('./runs.js')).runsEvaluate,
  'runs submit': async () => (await import('./submitted-runs.js')).runsSubmit,
  'runs admit': async () => (await import('./submitted-runs.js')).runsAdmit,
  submit: async () => (await import('./submit.js')).submit,
  'image check': async () => (await import('./image.js')).imageCheck,
  plan: async () => (await import('./plan.js')).plan,
  'checkpoint ls': async () => (await import('./checkpoint.js')).checkpointList,
  'checkpoint show': async () => (await import('./checkpoint.js')).checkpointShow,
  'checkpoint repair': async () => (await import('./checkpoint.js')).checkpointRepair,
  'checkpoint export': async () => (await import('./checkpoint.js')).checkpointExport,
  'checkpoint prune': async () => (await import('./checkpoint.js')).checkpointPrune,
  regression: async () => (await import('./regression.js')).regression,
  'models import': async () => (await import('./models.js')).modelsImport,
  'models ls': async () => (await import('./models.js')).modelsList,
  evaluate: async () => (await import('./evaluate.js')).evaluate,
  'recipes ls': async () => (await import('./recipes.js')).recipesList,
  'recipes show': async () => (await import('./recipes.js')).recipesShow,
  serve: async () => (await import('./serve.js')).serve,
  classify: async () => (await import('./classify.js')).classify,
  status: async () => (await import('./status.js')).status,
  tensorboard: async () => (await import('./tensorboard.js')).tensorboard,
  doctor: async () => (await import('./doctor.js')).doctor,
};

/**
 * The verb that a command line begins with, and nothing else; all of them where it begins with none, since help, a
 * completion or a hint for a name that was mistyped is about all.
 */
export async function verbsFor([first = '', second = '']: readonly string[]): Promise<readonly Verb[]> {
  const asked = [first, `${first} ${second}`].filter((name) => Object.hasOwn(LOADERS, name));
  const names = asked.length > 0 ? asked : Object.keys(LOADERS);
  return Promise.all(names.map((name) => (LOADERS[name] as () => Promise<Verb>)()));
}
