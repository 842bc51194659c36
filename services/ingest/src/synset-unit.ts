import { indexKeys, parseIndexedExamples, type IndexedExample } from '@bluewaters/records';
import type { ArchiveInWork } from './archive-in-work.js';
import { annotationName } from './boxes/box-table.js';
import { idOf, joinBoxes, type JoinedBoxes } from './boxes/join-boxes.js';
import type { Remark } from './boxes/remark.js';
import { sha256 } from './examine.js';
import { lookAt, settle, type Looked, type SynsetContext } from './index-synset.js';
import { indexNameOf } from './labels.js';
import type { SynsetTar } from './plan.js';
import { toError, type Refusal } from './refusal.js';
import { storeSynsetResult, type SynsetResult } from './synset-result.js';
import type { Tally } from './tally.js';

/** Changes when the same archive would give another index: what older versions left is then not taken up. */
const INDEXER = 'bluewaters.ingest.3';

/** One synset of an archive. */
export interface SynsetUnit {
  readonly synset: string;
  /** In archive order. */
  readonly tars: readonly SynsetTar[];
  /** Sha256 of everything that its result depends on. */
  readonly identity: string;
}

/** The tars of an archive that belong to a synset, and what they are known by. */
export function unitOf(synset: string, tars: readonly SynsetTar[], archive: ArchiveInWork): SynsetUnit {
  const { request, context, source, plan, boxes, images } = archive;
  const whole = [source.file, source.version, plan.fingerprint];
  const depends = [INDEXER, whole, context.limits, request.check, boxes?.version, images?.digest, tars];
  return { synset, tars, identity: sha256(JSON.stringify(depends)) };
}

/** Bytes of the archive that a unit's tars take. */
export function bytesOf({ tars }: SynsetUnit): number {
  return tars.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The tars of a plan by synset. */
export function bySynset(tars: readonly SynsetTar[]): Map<string, SynsetTar[]> {
  const parts = new Map<string, SynsetTar[]>();
  for (const tar of tars) {
    const before = parts.get(tar.synset);
    if (before) before.push(tar);
    else parts.set(tar.synset, [tar]);
  }
  return parts;
}

/** What looking at a synset's members needs. */
export function lookContext(
  synset: string,
  { request, context, source, images }: ArchiveInWork,
  { signal, tally }: { readonly signal: AbortSignal; readonly tally: Pick<Tally, 'add'> },
): SynsetContext {
  const onBytes = (bytes: number): void => tally.add(synset, { images: 0, bytes });
  const takes = images && ((name: string, of: string): boolean => images.takes(of, name));
  return { ...context, signal, index: indexNameOf(request), check: request.check, source, onBytes, takes };
}

/**
 * Indexes a synset in this process and stores its result.
 *
 * @param work May have what its members are, where others have looked at them.
 * @throws {CodedError} the first refusal beyond what the request allows in all; INTERRUPTED by the signal; the store's.
 */
export async function indexUnit(
  { synset, identity, tars }: SynsetUnit,
  archive: ArchiveInWork,
  work: { readonly signal: AbortSignal; readonly tally: Pick<Tally, 'add'>; readonly looked?: AsyncIterable<Looked> },
): Promise<SynsetResult> {
  const { request, context } = archive;
  const { maxRefused } = request;
  const { tally, looked = lookAt(tars, lookContext(synset, archive, work)) } = work;
  const [examples, refusals, remarks]: [IndexedExample[], Refusal[], Remark[]] = [[], [], []];
  for await (const outcome of settle(looked)) {
    tally.add(synset, { images: 1, bytes: 0 });
    if (outcome.kind === 'example') {
      const joined = boxesFor(outcome.example, synset, archive);
      examples.push({ ...outcome.example, ...(joined?.boxes && { boxes: [...joined.boxes] }) });
      remarks.push(...(joined?.remarks ?? []));
    } else if (outcome.kind === 'refused') {
      refusals.push(outcome.refusal);
      if (refusals.length > maxRefused) throw toError(outcome.refusal);
    }
  }
  return storeSynsetResult(context.store, indexNameOf(request), examples, { identity, synset, refusals, remarks });
}

/** Pictures that were indexed before, or by others, count as found, and their boxes as used, too. */
export async function takeAgain({ synset }: SynsetResult, archive: ArchiveInWork): Promise<void> {
  if (!archive.boxes && !archive.images) return;
  const file = indexKeys.synset(indexNameOf(archive.request), synset);
  for (const example of parseIndexedExamples(await archive.context.store.get(file), { file })) {
    boxesFor(example, synset, archive);
  }
}

/** The boxes that a picture has, from the archive that the list names, if one does. */
function boxesFor(
  example: IndexedExample,
  synset: string,
  { boxes, images }: Pick<ArchiveInWork, 'boxes' | 'images'>,
): JoinedBoxes | undefined {
  const only = images?.find(synset, example.name);
  const joined = boxes && joinBoxes(example, { synset, table: boxes.table, only });
  if (joined || !boxes || only === undefined) return joined;
  const annotation = annotationName(only, idOf(example.name));
  return { boxes: undefined, remarks: [{ annotation, remark: 'listed-missing' }] };
}
