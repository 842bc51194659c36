import { CodedError } from '@bluewaters/errors';
import type { IngestRequest, IngestResult } from '@bluewaters/messages';
import { encodeIndexEntry, indexKeys, type BoxCounts, type LabelledClass } from '@bluewaters/records';
import { openSource, type ObjectStore } from '@bluewaters/storage';
import { EXPECTED_ARCHIVE } from './archive-form.js';
import { removeStrays } from './strays.js';
import type { IndexContext } from './context.js';
import { sha256 } from './examine.js';
import { indexSynsets } from './index-synsets.js';
import { indexNameOf } from './labels.js';
import { readBoxes, type ReadBoxes } from './boxes/read-boxes.js';
import type { Remark } from './boxes/remark.js';
import { plainArchive, type PlainArchive } from './plain-archive.js';
import type { ArchivePlan } from './plan.js';
import { toError, Tolerance, type Refusal } from './refusal.js';
import { planOf } from './archive-in-work.js';
import { classesOf, nameOf, readSelection, type ImageSelection } from './selection.js';
import { coverSplits } from './report/cover-splits.js';
import { storeReport } from './report/report.js';
import type { SynsetResult } from './synset-result.js';

/**
 * Indexes an ImageNet-style archive: reads headers and members where they are, unpacks nothing, writes the lines of each
 * synset, then the reports, then the index entry. The bytes written depend on archives and lists alone; the report of a
 * dataset of several splits on those that there are.
 *
 * @throws {CodedError} FILE_NOT_FOUND, CONFIG_INVALID, INDEX_INVALID, SYNSET_INVALID, WORDNET_INVALID, ARCHIVE_INVALID, ARCHIVE_TRUNCATED, ARCHIVE_EMPTY, IMAGE_INVALID,
 * IMAGE_TOO_LARGE, INTERRUPTED, or the store's; then there is no index entry that names anything half-done.
 */
export async function indexArchive(request: IngestRequest, context: IndexContext): Promise<IngestResult> {
  const { store } = context;
  const name = indexNameOf(request);
  const selection = await readSelection(request, store);
  const entryGone = once(() => store.delete(indexKeys.entry(name)));
  const { archive, files, refusals } = await openPlain(request, context, entryGone);
  await using source = await openSource(store, archive);
  const file = nameOf(request.images);
  const plan = await planOf(file, { source, files, selection });
  if (plan.tars.length === 0) throw source.size === 0 && !files ? emptyFile(file) : emptyArchive(file, plan);
  const classes = classesOf(selection, plan);
  const listed = new Set(classes.map(({ synset }) => synset));
  const tolerance = new Tolerance(request.maxRefused);
  [...refusals, ...plan.refusals].forEach((refusal) => tolerance.count(refusal));
  const boxes = request.boxes && (await readBoxes(request.boxes, { ...context, listed, tolerance }));
  const work = { request, context, archive, source, plan, entryGone, boxes, images: selection.images, tolerance };
  const results = await indexSynsets(classes, work);
  const { refused } = tolerance;
  if (results.every(({ examples }) => examples === 0)) {
    throw refused[0] ? toError(refused[0]) : emptyArchive(file, plan);
  }
  const counts = await storeFindings({ request, classes, results, refused, boxes, images: selection.images }, context);
  await coverSplits(request, classes, context);
  const result = await commit(
    request,
    { classes, results, archive, archiveSize: source.size, refused: refused.length, boxes: counts },
    store,
  );
  await removeStrays(store, name, { synsets: listed, archive, hasBoxes: boxes !== undefined });
  return result;
}

/** What was found, before it is told. */
interface Findings {
  readonly request: IngestRequest;
  readonly classes: readonly LabelledClass[];
  /** In the order of the classes. */
  readonly results: readonly SynsetResult[];
  readonly refused: readonly Refusal[];
  readonly boxes: ReadBoxes | undefined;
  readonly images: ImageSelection | undefined;
}

/** Stores what people and programs read of an index beside its lines. @returns what came of the annotations. */
async function storeFindings(
  { request, classes, results, refused, boxes, images }: Findings,
  context: IndexContext,
): Promise<BoxCounts | undefined> {
  const { store } = context;
  const name = indexNameOf(request);
  await store.put(indexKeys.refused(name), jsonLines(refused));
  const remarks = boxes ? remarksOf(boxes, results) : [];
  const counts = boxes && countBoxes(boxes, remarks, results);
  if (boxes) await store.put(indexKeys.boxes(name), jsonLines(remarks));
  const missing = [...(images?.missing() ?? [])];
  const { passedOver = 0 } = boxes ?? {};
  const told = { request, classes, results, refusals: refused, boxes: counts, passedOver, remarks, missing };
  await storeReport(told, context);
  if (name === request.dataset)
    await store.put(indexKeys.labelMap(name), classes.map(({ synset }) => `${synset}\n`).join(''));
  return counts;
}

function openPlain(
  request: IngestRequest,
  context: IndexContext,
  beforeReplacing: () => Promise<void>,
): Promise<PlainArchive> {
  const keepCut = request.maxRefused > 0;
  return plainArchive(request.images, { ...context, index: indexNameOf(request), beforeReplacing, keepCut });
}

/** All that is odd about boxes: in annotations, in what they are of, and those that are of nothing. */
function remarksOf({ table, remarks }: ReadBoxes, results: readonly SynsetResult[]): Remark[] {
  const unused = [...table.unused()].map((annotation): Remark => ({ annotation, remark: 'without-image' }));
  return [...remarks, ...results.flatMap((result) => result.remarks), ...unused];
}

function countBoxes(
  { annotations }: ReadBoxes,
  remarks: readonly Remark[],
  results: readonly SynsetResult[],
): BoxCounts {
  const images = sum(results.map(({ imagesWithBoxes }) => imagesWithBoxes));
  return {
    annotations,
    boxes: sum(results.map((result) => result.boxes)),
    images,
    imagesWithout: sum(results.map(({ examples }) => examples)) - images,
    withoutImage: remarks.filter(({ remark }) => remark === 'without-image').length,
    remarks: remarks.length,
  };
}

/** What the index entry is made of. */
interface Finished {
  readonly classes: readonly LabelledClass[];
  /** In the order of the classes. */
  readonly results: readonly SynsetResult[];
  readonly archive: PlainArchive['archive'];
  readonly archiveSize: number;
  readonly refused: number;
  readonly boxes: BoxCounts | undefined;
}

/** Makes the index visible. */
async function commit(request: IngestRequest, finished: Finished, store: ObjectStore): Promise<IngestResult> {
  const { classes, results, archive, archiveSize, refused, boxes } = finished;
  const { dataset, split } = request;
  const ofSplit = split === undefined || split === 'train' ? {} : { split };
  const [examples, repaired] = [sum(results.map((each) => each.examples)), sum(results.map((each) => each.repaired))];
  const synsets = classes.map((each, i) => ({ ...each, examples: results[i]!.examples, sha256: results[i]!.sha256 }));
  const bytes = encodeIndexEntry({
    format: 'bluewaters.index.v1',
    dataset,
    ...ofSplit,
    archive,
    archiveSize,
    synsets,
    examples,
    refused,
    repaired,
    ...(boxes && { boxes }),
  });
  const indexKey = indexKeys.entry(indexNameOf(request));
  await store.put(indexKey, bytes);
  return {
    dataset,
    ...ofSplit,
    indexKey,
    digest: sha256(bytes),
    examples,
    synsets: synsets.length,
    refused,
    repaired,
    boxes: boxes?.boxes ?? 0,
  };
}

function emptyArchive(file: string, plan: ArchivePlan): CodedError {
  const listed = plan.tars.length === 0 ? 'none' : `${plan.tars.length}, all without pictures`;
  const got = `${listed}; ${plan.unlisted} of synsets that are not asked for`;
  return new CodedError('ARCHIVE_EMPTY', 'An archive holds no picture of the synsets that are asked for', {
    details: { file, expected: '<synset>.tar members with pictures', got },
  });
}

function emptyFile(file: string): CodedError {
  return new CodedError('ARCHIVE_EMPTY', 'An archive is an empty file', {
    details: { file, offset: 0, expected: EXPECTED_ARCHIVE, got: '0 bytes' },
  });
}

function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}
