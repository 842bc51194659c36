import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isCodedError } from '@bluewaters/errors';
import { Coordinators, type CoordinatorEntry, type MessageBus } from '@bluewaters/messages';

const KEY = 'leader';

/** What is done at the beginning and the end of leading. */
export interface Office {
  /** May be asked again when it failed. */
  take(): Promise<void>;
  leave(): Promise<void>;
}

/**
 * Of those who share a bus, one leads: it renews an entry, and another takes its place when that was not renewed for a
 * term. One that cannot renew it stops leading before another begins, since its term counts from before it asked, and
 * the other's from after it saw the answer. An entry that the server lost tells nobody when it was renewed, nor whether
 * another came and was lost as well: whoever makes a new one, which no older leader can renew, leads a term later.
 */
export class Leadership {
  readonly #bus: MessageBus;
  readonly #office: Office;
  readonly #termMs: number;
  readonly #id = randomUUID();
  #leads = false;
  /** Of the entry as it was seen last, or made; 0 of none. */
  #revision = 0;
  /** When that was seen for the first time, or when its making began, of the monotonic clock. */
  #since = -Infinity;
  /** Whether there ever was an entry: who comes where none was leads at once. */
  #seen = false;
  /** When this one's own entry lets it lead, of the monotonic clock. */
  #leadsFrom = -Infinity;

  constructor(bus: MessageBus, office: Office, termMs: number) {
    this.#bus = bus;
    this.#office = office;
    this.#termMs = termMs;
  }

  /** Whether this one leads, and can be sure that no other does. */
  get leads(): boolean {
    return this.#leads && performance.now() - this.#since <= this.#termMs;
  }

  /** Renews, takes or leaves the lead; to be called several times a term, one call after the other. */
  async renew(): Promise<void> {
    const askedAt = performance.now();
    const overdue = setTimeout(() => void this.#leave(), Math.max(0, this.#since + this.#termMs - askedAt));
    try {
      if (this.#leads || (await this.#isFree(askedAt))) await this.#put(askedAt);
    } catch (error) {
      // Of any other failure the term is the limit.
      if (isCodedError(error, 'STATE_CONFLICT')) await this.#leave();
    } finally {
      clearTimeout(overdue);
    }
  }

  /** Lets another lead at once. */
  async resign(): Promise<void> {
    if (!this.#leads) return;
    await this.#leave();
    const table = await this.#bus.state(Coordinators);
    await table.update(KEY, this.#entry(true), this.#revision);
  }

  async #isFree(askedAt: number): Promise<boolean> {
    const entry = await (await this.#bus.state(Coordinators)).get(KEY);
    const revision = entry?.revision ?? 0;
    if (revision !== this.#revision) [this.#revision, this.#since] = [revision, performance.now()];
    if (!entry) return true;
    this.#seen = true;
    return entry.value.resigned || entry.value.id === this.#id || askedAt - this.#since > this.#termMs;
  }

  async #put(askedAt: number): Promise<void> {
    const table = await this.#bus.state(Coordinators);
    const wasLost = this.#seen && this.#revision === 0;
    this.#seen = true;
    this.#revision = await table.update(KEY, this.#entry(false), this.#revision);
    this.#since = askedAt;
    if (wasLost) this.#leadsFrom = performance.now() + this.#termMs;
    if (this.#leads || performance.now() < this.#leadsFrom) return;
    await this.#office.take();
    this.#leads = true;
  }

  #entry(resigned: boolean): CoordinatorEntry {
    return { id: this.#id, host: hostname(), pid: process.pid, resigned };
  }

  async #leave(): Promise<void> {
    if (!this.#leads) return;
    this.#leads = false;
    await this.#office.leave();
  }
}
