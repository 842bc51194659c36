import type { IngestRequest } from '@bluewaters/messages';
import { indexKeys, parseIndexedExamples, type IndexedExample, type LabelledClass } from '@bluewaters/records';
import { inOrder, ProgressMeter } from '@bluewaters/service';
import type { SourceFile } from '@bluewaters/storage';
import { annotationName } from './boxes/box-table.js';
import { idOf, joinBoxes, type JoinedBoxes } from './boxes/join-boxes.js';
import type { ReadBoxes } from './boxes/read-boxes.js';
import type { Remark } from './boxes/remark.js';
import type { IndexContext } from './context.js';
import { sha256 } from './examine.js';
import { indexSynset } from './index-synset.js';
import type { ArchivePlan, SynsetTar } from './plan.js';
import type { ImageSelection } from './selection.js';
import { toError, type Refusal, type Tolerance } from './refusal.js';
import { findSynsetResult, storeSynsetResult, type SynsetResult } from './synset-result.js';

/** Changes when the same archive would give another index: what older versions left is then not taken up. */
const INDEXER = 'bluewaters.ingest.2';
/** A store takes longer to keep a small object safe than a synset of tiny pictures takes to be read. */
const SYNSETS_AT_A_TIME = 4;

/** One archive that is being indexed. */
export interface SynsetsWork {
  readonly request: IngestRequest;
  readonly context: IndexContext;
  readonly source: SourceFile;
  readonly plan: ArchivePlan;
  /** Undefined where no annotations were given. */
  readonly boxes: ReadBoxes | undefined;
  /** Those to take; undefined for all. */
  readonly images: ImageSelection | undefined;
  /** Has counted what was refused before any synset was looked at. */
  readonly tolerance: Tolerance;
  /** Removes the entry of an older index; called before anything that it may name is replaced. */
  readonly entryGone: () => Promise<void>;
}

/**
 * Indexes the synsets that are not done yet. Refusals are counted in the order of `classes`.
 *
 * @returns results in the order of `classes`.
 * @throws {CodedError} the first refusal beyond the tolerance; what {@link indexSynset} throws.
 */
export async function indexSynsets(classes: readonly LabelledClass[], work: SynsetsWork): Promise<SynsetResult[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([work.context.signal, failed.signal]);
  const running = { ...work, signal, tally: new Tally(work), parts: bySynset(work.plan.tars) };
  const results: SynsetResult[] = [];
  try {
    for await (const result of inOrder(classes, SYNSETS_AT_A_TIME, ({ synset }) => indexOrFind(synset, running))) {
      result.refusals.forEach((refusal) => work.tolerance.count(refusal));
      results.push(result);
    }
  } catch (error) {
    // The neighbours' work would go on for nothing.
    failed.abort();
    throw error;
  }
  running.tally.end();
  return results;
}

interface RunningWork extends SynsetsWork {
  readonly signal: AbortSignal;
  readonly tally: Tally;
  readonly parts: ReadonlyMap<string, readonly SynsetTar[]>;
}

function bySynset(tars: readonly SynsetTar[]): Map<string, SynsetTar[]> {
  const parts = new Map<string, SynsetTar[]>();
  for (const tar of tars) {
    const before = parts.get(tar.synset);
    if (before) before.push(tar);
    else parts.set(tar.synset, [tar]);
  }
  return parts;
}

async function indexOrFind(synset: string, work: RunningWork): Promise<SynsetResult> {
  const { request, context, parts, tally } = work;
  const tars = parts.get(synset) ?? [];
  const identity = identityOf(tars, work);
  const found = await findSynsetResult(context.store, request.dataset, { synset, identity });
  if (!found) return index(synset, identity, tars, work);
  if (work.boxes || work.images) await takeAgain(found, work);
  const bytes = tars.reduce((sum, { start, end }) => sum + end - start, 0);
  tally.add(synset, { images: found.examples + found.refusals.length, bytes });
  return found;
}

/** Pictures that were indexed before count as found, and their boxes as used, too. */
async function takeAgain({ synset }: SynsetResult, work: SynsetsWork): Promise<void> {
  const file = indexKeys.synset(work.request.dataset, synset);
  for (const example of parseIndexedExamples(await work.context.store.get(file), { file })) {
    boxesFor(example, synset, work);
  }
}

/** The boxes that a picture has, from the archive that the list names, if one does. */
function boxesFor(
  example: IndexedExample,
  synset: string,
  { boxes, images }: Pick<SynsetsWork, 'boxes' | 'images'>,
): JoinedBoxes | undefined {
  const only = images?.find(synset, example.name);
  const joined = boxes && joinBoxes(example, { synset, table: boxes.table, only });
  if (joined || !boxes || only === undefined) return joined;
  const annotation = annotationName(only, idOf(example.name));
  return { boxes: undefined, remarks: [{ annotation, remark: 'listed-missing' }] };
}

async function index(
  synset: string,
  identity: string,
  tars: readonly SynsetTar[],
  work: RunningWork,
): Promise<SynsetResult> {
  const { request, context, source, signal, tally, entryGone, images, tolerance } = work;
  await entryGone();
  const { dataset, check } = request;
  const [examples, refusals, remarks]: [IndexedExample[], Refusal[], Remark[]] = [[], [], []];
  const onBytes = (bytes: number): void => tally.add(synset, { images: 0, bytes });
  const takes = images && ((name: string, of: string): boolean => images.takes(of, name));
  for await (const outcome of indexSynset(tars, { ...context, signal, dataset, check, source, onBytes, takes })) {
    tally.add(synset, { images: 1, bytes: 0 });
    if (outcome.kind === 'example') {
      const joined = boxesFor(outcome.example, synset, work);
      examples.push({ ...outcome.example, ...(joined?.boxes && { boxes: [...joined.boxes] }) });
      remarks.push(...(joined?.remarks ?? []));
    } else if (outcome.kind === 'refused') {
      refusals.push(outcome.refusal);
      if (refusals.length > tolerance.allowed) throw toError(outcome.refusal);
    }
  }
  return storeSynsetResult(context.store, dataset, examples, { identity, synset, refusals, remarks });
}

function identityOf(tars: readonly SynsetTar[], work: RunningWork): string {
  const { request, context, source, plan, boxes, images } = work;
  const archive = [source.file, source.version, plan.fingerprint];
  const depends = [INDEXER, archive, context.limits, request.check, boxes?.version, images?.digest, tars];
  return sha256(JSON.stringify(depends));
}

/** Counts over all synsets. How many images there are is not known before the end: bytes so far give an estimate. */
class Tally {
  readonly #meter: ProgressMeter;
  readonly #plan: ArchivePlan;
  readonly #notices: readonly string[];
  #images = 0;
  #bytes = 0;

  constructor({ context, plan }: SynsetsWork) {
    this.#meter = new ProgressMeter(context.report, 'images');
    this.#plan = plan;
    this.#notices = plan.unlisted === 0 ? [] : [`${plan.unlisted} synset tars of the archive are not asked for`];
  }

  add(synset: string, { images, bytes }: { readonly images: number; readonly bytes: number }): void {
    this.#images += images;
    this.#bytes += bytes;
    const share = this.#bytes / this.#plan.bytes;
    const total = share > 0 ? Math.round(this.#images / share) : undefined;
    this.#meter.update(`indexing ${synset}`, this.#images, total, this.#notices);
  }

  end(): void {
    this.#meter.last('indexed', this.#images, this.#images, this.#notices);
  }
}
