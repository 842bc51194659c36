import { CodedError } from '@bluewaters/errors';
import type { LabelledClass } from '@bluewaters/records';
import { inOrder } from '@bluewaters/service';
import type { ArchiveInWork } from './archive-in-work.js';
import type { IndexContext } from './context.js';
import { indexNameOf } from './labels.js';
import { Neighbours } from './neighbours.js';
import type { PlainArchive } from './plain-archive.js';
import type { ArchivePlan, SynsetTar } from './plan.js';
import type { Tolerance } from './refusal.js';
import { UnitDesk, UNITS_AT_A_TIME } from './spread/unit-desk.js';
import { findSynsetResult, type SynsetResult } from './synset-result.js';
import { bySynset, bytesOf, indexUnit, takeAgain, unitOf, type SynsetUnit } from './synset-unit.js';
import { Share, Tally } from './tally.js';

/** A store takes longer to keep a small object safe than a synset of tiny pictures takes to be read. */
const SYNSETS_AT_A_TIME = 4;

/** The indexing of all synsets of an archive. */
export interface SynsetsWork extends ArchiveInWork {
  readonly context: IndexContext;
  readonly archive: PlainArchive['archive'];
  /** Has counted what was refused before any synset was looked at. */
  readonly tolerance: Tolerance;
  /** Removes the entry of an older index; called before anything that it may name is replaced. */
  readonly entryGone: () => Promise<void>;
}

/**
 * Indexes the synsets that are not done yet, here or by whoever takes units of work. Refusals are counted in the order of
 * `classes`.
 *
 * @returns results in the order of `classes`.
 * @throws {CodedError} the first refusal beyond the tolerance; what {@link indexUnit} throws.
 */
export async function indexSynsets(classes: readonly LabelledClass[], work: SynsetsWork): Promise<SynsetResult[]> {
  const { context, plan, tolerance } = work;
  const tally = new Tally(context.report, plan.bytes, noticesOf(plan));
  const desk = context.spread && new UnitDesk(work, context.spread);
  const running = { ...work, tally, desk, parts: bySynset(plan.tars) };
  const neighbours = new Neighbours(context.signal);
  const results: SynsetResult[] = [];
  const index = (place: number, synset: string): Promise<SynsetResult> =>
    neighbours.run(place, (signal) => indexOrFind(synset, { ...running, signal }));
  const atATime = desk ? UNITS_AT_A_TIME : SYNSETS_AT_A_TIME;
  for await (const result of inOrder(classes.entries(), atATime, ([place, { synset }]) => index(place, synset))) {
    try {
      result.refusals.forEach((refusal) => tolerance.count(refusal));
    } catch (error) {
      neighbours.stopAfter(results.length);
      throw error;
    }
    results.push(result);
  }
  tally.end();
  return results;
}

function noticesOf({ unlisted }: ArchivePlan): string[] {
  return unlisted === 0 ? [] : [`${unlisted} synset tars of the archive are not asked for`];
}

interface RunningWork extends SynsetsWork {
  readonly signal: AbortSignal;
  readonly tally: Tally;
  /** Where units are given out, if they are. */
  readonly desk: UnitDesk | undefined;
  readonly parts: ReadonlyMap<string, readonly SynsetTar[]>;
}

async function indexOrFind(synset: string, work: RunningWork): Promise<SynsetResult> {
  const { request, context, parts, tally, desk, entryGone } = work;
  const unit = unitOf(synset, parts.get(synset) ?? [], work);
  const find = (): Promise<SynsetResult | undefined> => findSynsetResult(context.store, indexNameOf(request), unit);
  const share = new Share(tally);
  let found = await find();
  const isNew = !found;
  if (!found) {
    await entryGone();
    if (!desk) return indexUnit(unit, work, work);
    await desk.give(unit, { signal: work.signal, share });
    found = (await find()) ?? missing(unit, work);
  }
  await takeAgain(found, work);
  share.reach(isNew && desk ? desk.busy : synset, {
    images: found.examples + found.refusals.length,
    bytes: bytesOf(unit),
  });
  return found;
}

function missing({ synset }: SynsetUnit, { request }: RunningWork): never {
  const details = {
    file: `${indexNameOf(request)}/${synset}`,
    expected: 'lines and a result of this archive',
    got: 'none',
  };
  throw new CodedError('INDEX_INVALID', 'The index of a synset was replaced while others were made', { details });
}
