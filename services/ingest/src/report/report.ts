import { assertFormat, CodedError } from '@bluewaters/errors';
import type { IngestRequest } from '@bluewaters/messages';
import {
  indexKeys,
  indexName,
  parseIndexedExamples,
  type BoxCounts,
  type LabelledClass,
  type Split,
} from '@bluewaters/records';
import { findTerms } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import type { REMARKS, Remark } from '../boxes/remark.js';
import type { IndexContext } from '../context.js';
import { indexNameOf } from '../labels.js';
import type { Refusal } from '../refusal.js';
import { parseJson, type SynsetResult } from '../synset-result.js';
import type { SplitSummary } from './cover-splits.js';
import { findDuplicates, type DigestedPicture } from './duplicates.js';
import { reportPage } from './page.js';
import type { SharedPicture } from './shared-pictures.js';
import { Tally, type Tallies } from './tally.js';

const FORMAT = 'bluewaters.ingest-report.v1';
/** By which a report is known. */
const OfReport = z.looseObject({ format: z.literal(FORMAT) });

/** What an index consists of: `report.json`. The same archive, lists and annotations give the same bytes. */
export interface IngestReport extends Tallies {
  readonly format: typeof FORMAT;
  readonly dataset: string;
  /** Left out for train, which may be all that there is. */
  readonly split?: Split;
  readonly check: 'header' | 'full';
  /** Accepted, repaired and refused together. */
  readonly images: number;
  /** As they are. */
  readonly accepted: number;
  readonly repaired: number;
  readonly refused: number;
  readonly synsets: readonly (LabelledClass & { readonly images: number; readonly boxes: number })[];
  readonly boxes: BoxCounts | undefined;
  /** Pictures that have annotations and are of synsets that are not taken. */
  readonly passedOver: number;
  /** How often each is said of a box. */
  readonly remarks: Readonly<Partial<Record<keyof typeof REMARKS, number>>>;
  /** Exactly the same bytes under several names: `<synset>/<name>` of each, in the order of the index. */
  readonly duplicates: readonly (readonly string[])[];
  readonly refusals: readonly Refusal[];
  /** `<synset>/<image id>` of images that were listed and are not in the archive. */
  readonly missing: readonly string[];
  /** Of train: what else the dataset consists of; left out where there is nothing else. */
  readonly splits?: readonly SplitSummary[];
  /** Of train: pictures that several splits have; left out where there is one. */
  readonly shared?: readonly SharedPicture[];
}

/** What a report is made of. */
export interface ReportSources {
  readonly request: IngestRequest;
  readonly classes: readonly LabelledClass[];
  /** In the order of the classes. */
  readonly results: readonly SynsetResult[];
  readonly refusals: readonly Refusal[];
  readonly boxes: BoxCounts | undefined;
  /** Pictures that have annotations and are of synsets that are not taken. */
  readonly passedOver: number;
  readonly remarks: readonly Remark[];
  readonly missing: readonly string[];
}

/** Looks at every line of the index, and stores the report for programs and for people. */
export async function storeReport(
  sources: ReportSources,
  { store, scratch }: Pick<IndexContext, 'store' | 'scratch'>,
): Promise<void> {
  const { request, classes, results, refusals, boxes, passedOver, missing } = sources;
  const { dataset, split = 'train', check } = request;
  const examples = sum(results.map((result) => result.examples));
  const repaired = sum(results.map((result) => result.repaired));
  const refused = refusals.length;
  const tally = new Tally();
  // The first look of several counts, too.
  const looks = [tally];
  const duplicates = await findDuplicates(() => digestsOf(sources, store, looks.pop()), examples, { scratch });
  const report: IngestReport = {
    format: FORMAT,
    dataset,
    ...(split !== 'train' && { split }),
    ...{ check, images: examples + refused, accepted: examples - repaired, repaired, refused },
    synsets: classes.map((each, i) => ({
      ...each,
      images: results[i]?.examples ?? 0,
      boxes: results[i]?.boxes ?? 0,
    })),
    boxes,
    passedOver,
    remarks: countRemarks(sources.remarks),
    ...tally.result(),
    duplicates,
    refusals,
    missing,
  };
  await putReport(store, dataset, report);
}

/** All pictures of the index, in its order. @param tally Gets them as well. */
async function* digestsOf(
  { request, classes }: Pick<ReportSources, 'request' | 'classes'>,
  store: ObjectStore,
  tally: Tally | undefined,
): AsyncGenerator<DigestedPicture> {
  for (const { synset } of classes) {
    const file = indexKeys.synset(indexNameOf(request), synset);
    for (const example of parseIndexedExamples(await store.get(file), { file })) {
      tally?.add(synset, example);
      yield { name: `${synset}/${example.name}`, sha256: example.sha256 };
    }
  }
}

/** Stores a report, and the page that says the same. */
export async function putReport(store: ObjectStore, dataset: string, report: IngestReport): Promise<void> {
  const index = indexName(dataset, report.split);
  await store.put(indexKeys.report(index), `${JSON.stringify(report, undefined, 2)}\n`);
  await store.put(indexKeys.reportPage(index), reportPage(report, await findTerms(store, dataset)));
}

/** Reads what {@link putReport} has stored. @param file Its key. @throws {CodedError} INDEX_INVALID; FORMAT_UNKNOWN. */
export function parseReport(bytes: Uint8Array, file: string): IngestReport {
  const report = parseJson(bytes);
  assertFormat(report, FORMAT, file);
  if (OfReport.safeParse(report).success) return report as IngestReport;
  throw new CodedError('INDEX_INVALID', 'The report of an index is damaged', {
    details: { file, field: 'format', expected: FORMAT, got: 'something else' },
  });
}

function countRemarks(remarks: readonly Remark[]): IngestReport['remarks'] {
  const counts: Partial<Record<keyof typeof REMARKS, number>> = {};
  for (const { remark } of remarks) counts[remark] = (counts[remark] ?? 0) + 1;
  return counts;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
