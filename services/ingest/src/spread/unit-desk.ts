import { setMaxListeners } from 'node:events';
import { isCodedError } from '@bluewaters/errors';
import {
  IndexSynset,
  Jobs,
  submitJob,
  type JobRecord,
  type StateTable,
  type SynsetRequest,
} from '@bluewaters/messages';
import { inOrder } from '@bluewaters/service';
import type { ArchiveInWork } from '../archive-in-work.js';
import type { Spread } from '../context.js';
import { sha256 } from '../examine.js';
import { indexNameOf } from '../labels.js';
import type { PlainArchive } from '../plain-archive.js';
import { bytesOf, indexUnit, type SynsetUnit } from '../synset-unit.js';
import type { Done, Share } from '../tally.js';
import { forgetParts, isStored, PART_BYTES, partOf, partsOf, readParts } from './unit-parts.js';

/** More than there are workers, as a rule, and few enough to be followed each. */
export const UNITS_AT_A_TIME = 256;
const REMEMBERED_MS = 1_000;
/** What parts were has been counted. */
const UNCOUNTED = { add: (): void => undefined };

/** Gives out the synsets of one archive as units of work, and follows each until its result is in the store. */
export class UnitDesk {
  readonly #archive: ArchiveInWork & Pick<PlainArchive, 'archive'>;
  readonly #spread: Spread;
  /** Jobs that are in a worker's hands. */
  readonly #taken = new Set<string>();
  #most = { jobs: 0, at: 0 };

  constructor(archive: ArchiveInWork & Pick<PlainArchive, 'archive'>, spread: Spread) {
    this.#archive = archive;
    this.#spread = spread;
  }

  /** For people: by how many the work is being done. Between two units a worker still counts. */
  get busy(): string {
    const now = performance.now();
    const jobs = Math.max(this.#taken.size, 1);
    if (jobs >= this.#most.jobs || now - this.#most.at > REMEMBERED_MS) this.#most = { jobs, at: now };
    return `by ${this.#most.jobs} ${this.#most.jobs === 1 ? 'worker' : 'workers'}`;
  }

  /**
   * Resolves when the synset is indexed: by a worker; or, where it is large, by this process from what several have found in
   * its parts.
   *
   * @throws {CodedError} what the worker failed with; INTERRUPTED by the signal, and then nobody begins the unit any more;
   * the first refusal beyond what the request allows in all.
   */
  async give(
    unit: SynsetUnit,
    { signal, share }: { readonly signal: AbortSignal; readonly share: Pick<Share, 'reach'> },
  ): Promise<void> {
    const { partBytes = PART_BYTES } = this.#spread;
    const cut = await partsOf(unit, this.#archive.source, partBytes);
    if (cut.length < 2) return this.#give(unit, this.#requestOf(unit), { signal, share });
    const parts = cut.map((place) => partOf(unit, place));
    const shares = sharesOf(share, parts.length);
    // Each part that is under way listens to it.
    setMaxListeners(UNITS_AT_A_TIME, signal);
    const given = inOrder(parts.entries(), UNITS_AT_A_TIME, async ([i, part]) => {
      if (await isStored(part, this.#archive)) return;
      await this.#give(part, { ...this.#requestOf(unit), part: cut[i] }, { signal, share: shares[i] ?? share });
    });
    for await (const _ of given);
    const looked = readParts(parts, this.#archive);
    await indexUnit(unit, this.#archive, { signal, tally: UNCOUNTED, looked });
    await forgetParts(parts, this.#archive);
  }

  /**
   * Resolves when a worker has done its work. Its job's id follows from the unit, so that whoever gives it out again,
   * after a stop or beside this process, follows the same job.
   *
   * @throws {CodedError} what the worker failed with; INTERRUPTED by the signal, and then nobody begins the unit any more.
   */
  async #give(
    unit: SynsetUnit,
    request: SynsetRequest,
    { signal, share }: { readonly signal: AbortSignal; readonly share: Pick<Share, 'reach'> },
  ): Promise<void> {
    const { bus, person } = this.#spread;
    const job = `synset-${sha256(JSON.stringify([indexNameOf(request.request), unit.synset, unit.identity]))}`;
    const jobs = await bus.state(Jobs);
    await forgetDone(jobs, job);
    const onRecord = (record: JobRecord): void => this.#follow(record, unit, share);
    try {
      await submitJob(bus, IndexSynset, request, { job, person, signal, onRecord });
    } catch (error) {
      if (signal.aborted) await withdraw(jobs, job);
      throw error;
    } finally {
      this.#taken.delete(job);
    }
    // An archive has thousands of units: what they have left is in the store, and their records are of no more use.
    await jobs.delete(job);
  }

  #requestOf({ synset, identity }: SynsetUnit): SynsetRequest {
    const { request, archive, context } = this.#archive;
    const { maxBytes, maxPixels } = context.limits;
    return { request, archive, limits: { maxBytes, maxPixels }, synset, identity };
  }

  #follow({ job, state, progress }: JobRecord, unit: SynsetUnit, share: Pick<Share, 'reach'>): void {
    if (state === 'running') this.#taken.add(job);
    else this.#taken.delete(job);
    const { done = 0, total } = progress ?? {};
    share.reach(this.busy, { images: done, bytes: total ? (bytesOf(unit) * done) / total : 0 });
  }
}

/** What parts have reached together is what their synset has. */
function sharesOf(share: Pick<Share, 'reach'>, count: number): Pick<Share, 'reach'>[] {
  const reached = Array.from({ length: count }, (): Done => ({ images: 0, bytes: 0 }));
  return reached.map((_, i) => ({
    reach: (what: string, done: Done): void => {
      reached[i] = done;
      const add = (sum: Done, each: Done): Done => ({
        images: sum.images + each.images,
        bytes: sum.bytes + each.bytes,
      });
      share.reach(what, reached.reduce(add));
    },
  }));
}

/** A unit that is given out has no result in the store: a record that says otherwise is of a result that was deleted. */
async function forgetDone(jobs: StateTable<JobRecord>, job: string): Promise<void> {
  if ((await jobs.get(job))?.value.state === 'done') await jobs.delete(job);
}

/** Workers pass over the unit, unless one has begun it. Giving it out again makes it count again. */
async function withdraw(jobs: StateTable<JobRecord>, job: string): Promise<void> {
  const entry = await jobs.get(job);
  if (entry?.value.state !== 'queued') return;
  const error = { code: 'INTERRUPTED', message: 'The work that this is a part of was stopped' };
  try {
    await jobs.update(job, { ...entry.value, state: 'failed', error, updatedAt: Date.now() }, entry.revision);
  } catch (conflict) {
    if (!isCodedError(conflict, 'STATE_CONFLICT')) throw conflict;
  }
}
