import type { ImageLimits } from '@bluewaters/images';
import { CodedError } from '@bluewaters/errors';
import type { IngestRequest, IngestResult, Progress } from '@bluewaters/messages';
import {
  encodeIndexEntry,
  indexKeys,
  labelledClasses,
  parseSynsetList,
  parseSynsetWords,
  type IndexedExample,
  type LabelledClass,
} from '@bluewaters/records';
import { ProgressMeter } from '@bluewaters/service';
import { openSource, readTextSource, type ObjectStore, type SourceFile, type SourceName } from '@bluewaters/storage';
import { removeStrays } from './strays.js';
import { sha256 } from './examine.js';
import { indexSynset } from './index-synset.js';
import { plainArchive } from './plain-archive.js';
import { planArchive, type ArchivePlan, type SynsetTar } from './plan.js';
import { Tolerance, type Refusal } from './refusal.js';
import { findSynsetResult, storeSynsetResult, type SynsetResult } from './synset-result.js';

/** Changes when the same archive would give another index: what older versions left is then not taken up. */
const INDEXER = 'bluewaters.ingest.1';
const LONGEST_LIST_BYTES = 64 * 1024 * 1024;

/** What indexing needs beside the request. */
export interface IndexContext {
  readonly store: ObjectStore;
  readonly limits: ImageLimits;
  /** A folder with room for a compressed archive's plain bytes. */
  readonly scratch: string;
  /** Ends the work soon, with INTERRUPTED; started again, it goes on from the last synset that was done. */
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

/**
 * Indexes an ImageNet-style archive: reads headers and members where they are, unpacks nothing, writes the lines of each
 * synset, then the refusal report, then the index entry. The bytes written depend on the archive and lists alone.
 *
 * @throws {CodedError} FILE_NOT_FOUND, SYNSET_INVALID, ARCHIVE_INVALID, ARCHIVE_TRUNCATED, ARCHIVE_EMPTY, IMAGE_INVALID,
 * IMAGE_TOO_LARGE, INTERRUPTED, or the store's; then there is no index entry that names anything half-done.
 */
export async function indexArchive(request: IngestRequest, context: IndexContext): Promise<IngestResult> {
  const { store } = context;
  const { dataset } = request;
  const classes = await readClasses(request, store);
  const entryGone = once(() => store.delete(indexKeys.entry(dataset)));
  const archive = await openPlain(request, context, entryGone);
  await using source = await openSource(store, archive);
  const plan = await planArchive(source, new Set(classes.map(({ synset }) => synset)));
  if (plan.tars.length === 0) throw emptyArchive(source, plan);
  const work = new SynsetWork(request, context, source, plan, entryGone);
  const results: SynsetResult[] = [];
  for (const { synset } of classes) results.push(await work.indexOrFind(synset));
  if (results.every(({ examples }) => examples === 0)) throw emptyArchive(source, plan);
  await store.put(
    indexKeys.refused(dataset),
    jsonLines([...plan.refusals, ...results.flatMap((each) => each.refusals)]),
  );
  const result = await commit(
    request,
    { classes, results, archive, archiveSize: source.size, refused: work.refused },
    store,
  );
  await removeStrays(store, dataset, { synsets: new Set(classes.map(({ synset }) => synset)), archive });
  return result;
}

async function readClasses(request: IngestRequest, store: ObjectStore): Promise<LabelledClass[]> {
  const list = await readTextSource(store, request.synsets, LONGEST_LIST_BYTES);
  const synsets = parseSynsetList(list, { file: nameOf(request.synsets) });
  if (!request.words) return labelledClasses(synsets, new Map());
  const words = await readTextSource(store, request.words, LONGEST_LIST_BYTES);
  return labelledClasses(synsets, parseSynsetWords(words, { file: nameOf(request.words) }));
}

function openPlain(
  request: IngestRequest,
  { store, scratch, signal, report }: IndexContext,
  beforeReplacing: () => Promise<void>,
): Promise<SourceName> {
  const meter = new ProgressMeter(report, 'bytes');
  return plainArchive(request.images, {
    store,
    dataset: request.dataset,
    scratch,
    signal,
    onProgress: (done, total) => meter.update('inflating', done, total),
    beforeReplacing,
  });
}

/** Indexes one synset after the other, and keeps the counts that go over all of them. */
class SynsetWork {
  readonly #request: IngestRequest;
  readonly #context: IndexContext;
  readonly #source: SourceFile;
  readonly #plan: ArchivePlan;
  readonly #beforeWriting: () => Promise<void>;
  readonly #tolerance: Tolerance;
  readonly #meter: ProgressMeter;
  readonly #notices: readonly string[];
  #images = 0;
  #bytes = 0;

  constructor(
    request: IngestRequest,
    context: IndexContext,
    source: SourceFile,
    plan: ArchivePlan,
    beforeWriting: () => Promise<void>,
  ) {
    this.#request = request;
    this.#context = context;
    this.#source = source;
    this.#plan = plan;
    this.#beforeWriting = beforeWriting;
    this.#tolerance = new Tolerance(request.tolerate);
    this.#meter = new ProgressMeter(context.report, 'images');
    this.#notices = plan.unlisted === 0 ? [] : [`${plan.unlisted} synset tars of the archive are not in the list`];
    plan.refusals.forEach((refusal) => this.#tolerance.count(refusal));
  }

  get refused(): number {
    return this.#tolerance.refused;
  }

  async indexOrFind(synset: string): Promise<SynsetResult> {
    const tars = this.#plan.tars.filter((tar) => tar.synset === synset);
    const identity = this.#identity(tars);
    const found = await findSynsetResult(this.#context.store, this.#request.dataset, { synset, identity });
    found?.refusals.forEach((refusal) => this.#tolerance.count(refusal));
    const result = found ?? (await this.#index(synset, identity, tars));
    this.#bytes += tars.reduce((sum, { start, end }) => sum + end - start, 0);
    if (found) this.#images += found.examples + found.refusals.length;
    this.#tell(synset, 0);
    return result;
  }

  async #index(synset: string, identity: string, tars: readonly SynsetTar[]): Promise<SynsetResult> {
    await this.#beforeWriting();
    const { store } = this.#context;
    const { dataset } = this.#request;
    const [examples, refusals]: [IndexedExample[], Refusal[]] = [[], []];
    const onMember = (_: SynsetTar, bytes: number): void => this.#tell(synset, bytes);
    for await (const outcome of indexSynset(tars, { ...this.#context, dataset, source: this.#source, onMember })) {
      this.#images++;
      if (outcome.kind === 'example') examples.push(outcome.example);
      else if (outcome.kind === 'refused') {
        this.#tolerance.count(outcome.refusal);
        refusals.push(outcome.refusal);
      }
    }
    return storeSynsetResult(store, dataset, examples, { identity, synset, refusals });
  }

  /** Images in all are not known before the end; they are estimated from the bytes so far. */
  #tell(synset: string, bytesOfSynset: number): void {
    const share = (this.#bytes + bytesOfSynset) / this.#plan.bytes;
    const total = share > 0 ? Math.round(this.#images / share) : undefined;
    this.#meter.update(`indexing ${synset}`, this.#images, total, this.#notices);
  }

  #identity(tars: readonly SynsetTar[]): string {
    const { limits } = this.#context;
    const { fingerprint } = this.#plan;
    return sha256(JSON.stringify([INDEXER, this.#source.file, this.#source.version, fingerprint, limits, tars]));
  }
}

/** What the index entry is made of. */
interface Finished {
  readonly classes: readonly LabelledClass[];
  /** In the order of the classes. */
  readonly results: readonly SynsetResult[];
  readonly archive: SourceName;
  readonly archiveSize: number;
  readonly refused: number;
}

/** Makes the index visible. */
async function commit(request: IngestRequest, finished: Finished, store: ObjectStore): Promise<IngestResult> {
  const { classes, results, archive, archiveSize, refused } = finished;
  const { dataset } = request;
  const [examples, repaired] = [sum(results.map((each) => each.examples)), sum(results.map((each) => each.repaired))];
  const synsets = classes.map((each, i) => ({ ...each, examples: results[i]!.examples, sha256: results[i]!.sha256 }));
  const bytes = encodeIndexEntry({
    format: 'bluewaters.index.v1',
    dataset,
    archive,
    archiveSize,
    synsets,
    examples,
    refused,
    repaired,
  });
  const indexKey = indexKeys.entry(dataset);
  await store.put(indexKey, bytes);
  return { dataset, indexKey, digest: sha256(bytes), examples, synsets: synsets.length, refused, repaired };
}

function emptyArchive(source: SourceFile, plan: ArchivePlan): CodedError {
  const listed = plan.tars.length === 0 ? 'none' : `${plan.tars.length}, all without pictures`;
  const got = `${listed}; ${plan.unlisted} of synsets that are not listed`;
  return new CodedError('ARCHIVE_EMPTY', 'An archive holds no picture of the listed synsets', {
    details: { file: source.file, expected: '<synset>.tar members with pictures', got },
  });
}

function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

function nameOf(source: SourceName): string {
  return 'path' in source ? source.path : source.key;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}
