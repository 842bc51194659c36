import { CodedError } from '@bluewaters/errors';
import type { IngestRequest } from '@bluewaters/messages';
import {
  indexKeys,
  indexName,
  parseIndexEntry,
  sameLabels,
  SPLITS,
  type LabelledClass,
  type Split,
} from '@bluewaters/records';
import { ProgressMeter } from '@bluewaters/service';
import { getIfThere, type ObjectStore } from '@bluewaters/storage';
import type { IndexContext } from '../context.js';
import { classesIn } from '../labels.js';
import { parseReport, putReport, type IngestReport } from './report.js';
import { sharedPictures, type IndexedSplit } from './shared-pictures.js';

/** What the report of a dataset says of another split than train, whose own report has the rest. */
export interface SplitSummary extends Pick<IngestReport, 'check' | 'images' | 'accepted' | 'repaired' | 'refused'> {
  readonly split: Split;
  /** That its pictures have. */
  readonly boxes: number;
  /** Key of its own report. */
  readonly report: string;
}

/**
 * Makes the report of a dataset cover all splits that are indexed with its labels, the one that is being indexed included,
 * and name what several of them have. A dataset of train alone keeps the report that it has. What is written depends on the
 * indexes of the splits, not on which of them came last.
 *
 * @param classes Those of the dataset.
 * @throws {CodedError} INDEX_INVALID for a split whose index is damaged or has no report; FORMAT_UNKNOWN.
 */
export async function coverSplits(
  { dataset, split: current = 'train' }: IngestRequest,
  classes: readonly LabelledClass[],
  { store, report: tell }: Pick<IndexContext, 'store' | 'report'>,
): Promise<void> {
  const synsets = classes.map(({ synset }) => synset);
  const others: IndexedSplit[] = [];
  for (const split of SPLITS.filter((each) => each !== 'train')) {
    if (split === current || (await isIndexed(store, indexName(dataset, split), classes)))
      others.push({ split, synsets });
  }
  if (others.length === 0) return;
  const meter = new ProgressMeter(tell, 'images');
  let pictures = 0;
  const onPicture = (): void => meter.update('comparing splits', ++pictures);
  const shared = await sharedPictures(store, dataset, [{ split: 'train', synsets }, ...others], onPicture);
  const splits = await Promise.all(others.map(({ split }) => summaryOf(store, dataset, split)));
  await putReport(store, dataset, { ...(await readReport(store, dataset)), splits, shared });
  meter.last('splits are compared', pictures, pictures, noticesOf(dataset, shared.length));
}

function noticesOf(dataset: string, shared: number): string[] {
  if (shared === 0) return [];
  return [`${shared} pictures are in several splits, byte for byte: ${indexKeys.report(dataset)} names them`];
}

/** An index with other labels is one that was made before the dataset got those that it has. */
async function isIndexed(store: ObjectStore, index: string, classes: readonly LabelledClass[]): Promise<boolean> {
  const file = indexKeys.entry(index);
  const bytes = await getIfThere(store, file);
  return bytes !== undefined && sameLabels(classesIn(parseIndexEntry(bytes, { file })), classes);
}

async function summaryOf(store: ObjectStore, dataset: string, split: Split): Promise<SplitSummary> {
  const index = indexName(dataset, split);
  const { check, images, accepted, repaired, refused, boxes } = await readReport(store, index);
  const counts = { images, accepted, repaired, refused, boxes: boxes?.boxes ?? 0 };
  return { split, check, ...counts, report: indexKeys.report(index) };
}

async function readReport(store: ObjectStore, index: string): Promise<IngestReport> {
  const file = indexKeys.report(index);
  const bytes = await getIfThere(store, file);
  if (bytes) return parseReport(bytes, file);
  throw new CodedError('INDEX_INVALID', 'A split has no report: it has to be indexed again', {
    details: { file, expected: 'the report of an index', got: 'nothing' },
  });
}
