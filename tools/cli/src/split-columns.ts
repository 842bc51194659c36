import type { BuildResult } from '@bluewaters/messages';
import { SPLITS } from '@bluewaters/records';
import { formatCount } from './terminal.js';

/** Columns of a table of datasets: how many records each split has. */
export interface SplitColumns {
  readonly header: readonly string[];
  readonly cells: (splits: BuildResult['splits']) => string[];
}

/** A column for each split that any of the datasets has. */
export function splitColumns(datasets: readonly Pick<BuildResult, 'splits'>[]): SplitColumns {
  const header = SPLITS.filter((split) => split !== 'testing' || datasets.some(({ splits }) => splits.testing));
  const countOf = (split: BuildResult['splits']['testing']): string => (split ? formatCount(split.examples) : '-');
  return { header, cells: (splits) => header.map((split) => countOf(splits[split])) };
}
