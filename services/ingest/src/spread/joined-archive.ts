import { CodedError } from '@bluewaters/errors';
import type { SynsetRequest } from '@bluewaters/messages';
import { joinArchive, type ArchiveInWork } from '../archive-in-work.js';
import type { IndexContext } from '../context.js';
import { bySynset, unitOf, type SynsetUnit } from '../synset-unit.js';

/** An archive is closed, and its boxes are forgotten, when no unit of it has come for this long. */
const IDLE_MS = 60_000;

/** A unit with the archive that it is of. */
export interface JoinedUnit {
  readonly unit: SynsetUnit;
  readonly archive: ArchiveInWork;
}

interface Joined {
  /** What was asked for, but for the synset. */
  readonly key: string;
  readonly archive: ArchiveInWork;
  readonly parts: ReturnType<typeof bySynset>;
}

/** The archive that a worker took its last unit of: the headers and annotations of one are read once, not once a synset. */
export class JoinedArchive implements AsyncDisposable {
  readonly #ports: Pick<IndexContext, 'store' | 'scratch' | 'picturesAtATime'>;
  #joined: Joined | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(ports: Pick<IndexContext, 'store' | 'scratch' | 'picturesAtATime'>) {
    this.#ports = ports;
  }

  /**
   * Finds the unit that a request is for. One at a time; what it answers is good until the next call or
   * {@link rest}.
   *
   * @throws {CodedError} ARCHIVE_CHANGED when it is not what the sender saw; what {@link joinArchive} throws.
   */
  async find(request: SynsetRequest, context: Pick<IndexContext, 'signal' | 'report'>): Promise<JoinedUnit> {
    clearTimeout(this.#idle);
    const { request: whole, archive, limits } = request;
    const key = JSON.stringify([whole, archive, limits]);
    const before = this.#joined?.key === key ? find(this.#joined, request) : undefined;
    if (before) return before;
    await this.#close();
    const opened = await joinArchive(whole, archive, { ...this.#ports, ...context, limits });
    this.#joined = { key, archive: opened, parts: bySynset(opened.plan.tars) };
    return find(this.#joined, request) ?? changed(request, opened);
  }

  /** Tells that a unit is done. */
  rest(): void {
    this.#idle = setTimeout(() => void this.#close().catch(() => undefined), IDLE_MS).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#close();
  }

  async #close(): Promise<void> {
    const { archive } = this.#joined ?? {};
    this.#joined = undefined;
    await archive?.source[Symbol.asyncDispose]();
  }
}

function find({ archive, parts }: Joined, { synset, identity }: SynsetRequest): JoinedUnit | undefined {
  const unit = unitOf(synset, parts.get(synset) ?? [], archive);
  return unit.identity === identity ? { unit, archive } : undefined;
}

function changed({ synset }: SynsetRequest, { source: { file } }: ArchiveInWork): never {
  throw new CodedError('ARCHIVE_CHANGED', `What a worker sees of ${synset} is not what it was asked for`, {
    details: { file, expected: 'the same archive, lists and version of ingest', got: 'others' },
  });
}
