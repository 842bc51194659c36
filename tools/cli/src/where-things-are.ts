import { relative } from 'node:path';
import { datasetKeys, indexKeys, modelKeys, runKeys } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/** What the line leaves behind: folders where the store is one, keys of the store elsewhere. */
export interface LinePaths {
  readonly index: string;
  readonly dataset: string;
  readonly checkpointDir: string;
  readonly model: string;
  /** A page on how training went. */
  readonly report: string;
}

/** Names what the line has left. */
export function pathsOf(
  store: ObjectStore,
  names: { readonly dataset: string; readonly run: string; readonly model: string; readonly version: number },
): LinePaths {
  const place = (prefix: string): string => store.localPath(prefix.replace(/\/$/u, '')) ?? prefix;
  return {
    index: place(indexKeys.prefix(names.dataset)),
    dataset: place(datasetKeys.prefix(names.dataset)),
    checkpointDir: place(runKeys.checkpoints(names.run)),
    model: place(modelKeys.prefix(names.model, names.version)),
    report: place(runKeys.report(names.run)),
  };
}

/** The last lines that the user reads: where everything is, and what can be done with it. */
export function howToGoOn(
  store: string,
  { paths, model }: { readonly paths: LinePaths; readonly model: string },
): string[] {
  const option = store === './run' ? '' : ` --store ${store}`;
  const short = (path: string): string => (path.startsWith('/') ? relative(process.cwd(), path) || '.' : path);
  return [
    '',
    'Where things are',
    `  example index    ${short(paths.index)}`,
    `  TFRecord shards  ${short(paths.dataset)}`,
    `  checkpoint_dir   ${short(paths.checkpointDir)}`,
    `  SavedModel       ${short(paths.model)}`,
    `  report           ${short(paths.report)}    open it in a browser`,
    '',
    'How to go on',
    `  serve it         npx bluewaters serve${option}    then open http://127.0.0.1:8501/`,
    `  ask it           npx bluewaters classify picture.jpg --model ${model}${option}`,
    `  watch training   npx bluewaters tensorboard${option}    where Python's package tensorboard is installed`,
    '  your own         npx bluewaters run --images A.tar --synsets synsets.txt --words words.txt --network cifarnet',
  ];
}
