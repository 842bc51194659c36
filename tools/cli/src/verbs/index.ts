/** The list of commands. */
import type { Verb } from '../verb.js';

/** What the list of commands says of a verb, and where the rest is: help and completion take no more than that. */
export interface ListedVerb {
  /** As typed: `ingest`, `shards build`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** A name for the arguments that are no options, such as `IMAGE..`, given as `words`. */
  readonly words?: string;
  load(): Promise<Verb>;
}

/** In the order in which help lists them. */
export const VERBS: readonly ListedVerb[] = [
  {
    name: 'run',
    summary: 'the whole line: archive in, prediction out',
    load: async () => (await import('./run.js')).run,
  },
  {
    name: 'archive tour',
    words: 'IMAGES',
    summary: 'walk through an archive of pictures: synsets, sizes, formats, oddities, pictures with their boxes',
    load: async () => (await import('./archive.js')).archiveTour,
  },
  {
    name: 'ingest',
    summary: 'index an archive of pictures; nothing is unpacked',
    load: async () => (await import('./ingest.js')).ingest,
  },
  {
    name: 'synsets show',
    words: 'SYNSET',
    summary: 'what a synset means and where it stands in WordNet, by its id or a word',
    load: async () => (await import('./synsets.js')).synsetsShow,
  },
  {
    name: 'shards build',
    summary: 'write the TFRecord shards of an indexed dataset',
    load: async () => (await import('./shards.js')).shardsBuild,
  },
  {
    name: 'shards verify',
    summary: 'read every record of a dataset and check every digest',
    load: async () => (await import('./shards.js')).shardsVerify,
  },
  {
    name: 'shards ls',
    summary: 'list the datasets of the store',
    load: async () => (await import('./shards.js')).shardsList,
  },
  {
    name: 'terms set',
    words: 'DATASET',
    summary: 'put a dataset under terms of access and become its custodian; another text later ends all grants',
    load: async () => (await import('./terms.js')).termsSet,
  },
  {
    name: 'terms show',
    words: 'DATASET',
    summary: 'print the terms of a dataset, how you stand towards them, and who has a grant',
    load: async () => (await import('./terms.js')).termsShow,
  },
  {
    name: 'terms accept',
    words: 'DATASET',
    summary: 'accept the terms of a dataset under your name, with the signed terms',
    load: async () => (await import('./terms.js')).termsAccept,
  },
  {
    name: 'terms grant',
    words: 'DATASET',
    summary: 'let a person who has accepted the terms use a dataset; again for new credentials',
    load: async () => (await import('./grants.js')).termsGrant,
  },
  {
    name: 'terms revoke',
    words: 'DATASET',
    summary: 'end a grant: from now on the person is refused, and shut out of the store as far as it can',
    load: async () => (await import('./grants.js')).termsRevoke,
  },
  {
    name: 'terms ls',
    summary: 'list the datasets that have terms, and how you stand towards each',
    load: async () => (await import('./terms.js')).termsList,
  },
  {
    name: 'networks ls',
    summary: 'list the networks that can be trained, with their sizes',
    load: async () => (await import('./networks.js')).networksList,
  },
  {
    name: 'networks show',
    words: 'NETWORK',
    summary: 'what a network consists of, layer by layer, and the memory it needs',
    load: async () => (await import('./networks.js')).networksShow,
  },
  {
    name: 'train',
    summary: 'train a network on a dataset and register the model',
    load: async () => (await import('./train.js')).train,
  },
  {
    name: 'launch',
    words: 'COMMAND',
    summary: 'train on several ranks or with parameter servers, and go on when one is lost',
    load: async () => (await import('./launch.js')).launch,
  },
  {
    name: 'coordinate',
    summary: 'keep account of the runs that ranks train, and take orders for them',
    load: async () => (await import('./coordinate.js')).coordinate,
  },
  {
    name: 'runs stop',
    words: 'RUN',
    summary: 'let the ranks of a run write a checkpoint and end, and so who launched them',
    load: async () => (await import('./runs.js')).runsStop,
  },
  {
    name: 'runs pause',
    words: 'RUN',
    summary: 'let the ranks of a run write a checkpoint and end; who launched them waits',
    load: async () => (await import('./runs.js')).runsPause,
  },
  {
    name: 'runs resume',
    words: 'RUN',
    summary: 'let a paused run go on from its checkpoint',
    load: async () => (await import('./runs.js')).runsResume,
  },
  {
    name: 'runs scale',
    words: 'RUN',
    summary: 'let a run go on from a checkpoint with another number of ranks; its batch and records stay',
    load: async () => (await import('./runs.js')).runsScale,
  },
  {
    name: 'runs evaluate',
    words: 'RUN',
    summary: 'let the rank that leads evaluate a run after its next step, and wait for what comes of it',
    load: async () => (await import('./runs.js')).runsEvaluate,
  },
  {
    name: 'runs submit',
    words: 'COMMAND',
    summary: 'let a run wait for somebody who has room for its ranks; one that was trained before goes on',
    load: async () => (await import('./submitted-runs.js')).runsSubmit,
  },
  {
    name: 'runs admit',
    summary: 'stand by, and launch the runs that are submitted, one after the other',
    load: async () => (await import('./submitted-runs.js')).runsAdmit,
  },
  {
    name: 'submit',
    summary: 'submit the three jobs from an archive to a trained network, each after the one before',
    load: async () => (await import('./submit.js')).submit,
  },
  {
    name: 'image check',
    words: 'IMAGE',
    summary: 'say whether a container image can run on a machine; ends with 1 when it cannot',
    load: async () => (await import('./image.js')).imageCheck,
  },
  {
    name: 'plan',
    summary: 'how fast networks would train on a machine: step, efficiency, where scaling ends and why',
    load: async () => (await import('./plan.js')).plan,
  },
  {
    name: 'checkpoint ls',
    words: 'RUN',
    summary: 'list the checkpoints of a run, each read from end to end',
    load: async () => (await import('./checkpoint.js')).checkpointList,
  },
  {
    name: 'checkpoint show',
    words: 'RUN:STEP',
    summary: 'what a checkpoint holds: variables with their shapes, and what wrote it',
    load: async () => (await import('./checkpoint.js')).checkpointShow,
  },
  {
    name: 'checkpoint repair',
    words: 'RUN',
    summary: 'put in order what a killed job left, so that the run goes on, evaluates and serves',
    load: async () => (await import('./checkpoint.js')).checkpointRepair,
  },
  {
    name: 'checkpoint export',
    words: 'RUN:STEP',
    summary: 'register a checkpoint as a model, evaluated on the held-out pictures',
    load: async () => (await import('./checkpoint.js')).checkpointExport,
  },
  {
    name: 'checkpoint prune',
    words: 'RUN',
    summary: 'remove checkpoints of a run but the newest and the best, and all that are damaged',
    load: async () => (await import('./checkpoint.js')).checkpointPrune,
  },
  {
    name: 'regression',
    summary: 'see whether parameter servers and workers reach one another: fit a straight line',
    load: async () => (await import('./regression.js')).regression,
  },
  {
    name: 'models import',
    words: 'file',
    summary: 'enter published weights in the registry: of Keras (.h5, SavedModel) or TF-slim (checkpoint)',
    load: async () => (await import('./models.js')).modelsImport,
  },
  {
    name: 'models ls',
    summary: 'list the models of the registry',
    load: async () => (await import('./models.js')).modelsList,
  },
  {
    name: 'evaluate',
    summary: 'evaluate a registered model on a dataset: top-1, top-5, class by class',
    load: async () => (await import('./evaluate.js')).evaluate,
  },
  {
    name: 'recipes ls',
    summary: 'the recipes that `bluewaters train --recipe` takes',
    load: async () => (await import('./recipes.js')).recipesList,
  },
  {
    name: 'recipes show',
    words: 'NAME',
    summary: 'all that a recipe says, as options of `bluewaters train`',
    load: async () => (await import('./recipes.js')).recipesShow,
  },
  {
    name: 'serve',
    summary: 'answer predictions over HTTP with every model of the registry',
    load: async () => (await import('./serve.js')).serve,
  },
  {
    name: 'classify',
    words: 'images',
    summary: 'say what pictures show',
    load: async () => (await import('./classify.js')).classify,
  },
  {
    name: 'status',
    summary: 'what is there and what is going on: indexes, datasets, runs, models, jobs',
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'tensorboard',
    summary: "watch runs in TensorBoard, where Python's package tensorboard is installed",
    load: async () => (await import('./tensorboard.js')).tensorboard,
  },
  {
    name: 'doctor',
    summary: 'what was found on this machine, and how to get what was not',
    load: async () => (await import('./doctor.js')).doctor,
  },
];

/** Verbs of two words by their first, and what these have in common. */
export const GROUPS: Readonly<Record<string, string>> = {
  archive: 'look at an archive of pictures',
  synsets: 'look up what synsets mean, and how they hang together',
  shards: 'build, verify and list datasets of TFRecord shards',
  terms: 'put datasets under terms of access, accept them, grant and revoke access',
  checkpoint: 'look at the checkpoints of a run, put them in order, make models of them',
  runs: 'stop, pause, resume and scale runs that a coordinator keeps account of',
  models: 'import and list models of the registry',
  networks: 'list the networks, and show what each consists of',
  recipes: 'list and show ways to train',
  image: 'check container images',
};
