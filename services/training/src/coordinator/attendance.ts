import { RankRole, type CoordinatedRun, type RankBeat, type RankFigures, type RoleShare } from '@bluewaters/messages';
import type { RankCell } from './watched.js';

/** Times after which a rank is named, in milliseconds. */
export interface AttendanceTimes {
  /** From the start of a generation, for ranks that have not come. */
  readonly missingAfter: number;
  /** From its last sign of life, for one that has. */
  readonly silentAfter: number;
}

/** Ranks that are named at a time. */
const MOST_NAMED = 16;
/** A rank that is busy for this many times as long as most are is named. */
const STANDS_OUT = 1.5;

/** Who of the ranks of a generation has shown itself, when, and how its steps go. Times are milliseconds of one clock. */
export class Attendance {
  readonly #times: AttendanceTimes;
  readonly #openedAt: number;
  /** By rank; NaN until it has shown itself. */
  readonly #seenAt: Float64Array;
  readonly #hosts: (string | undefined)[];
  readonly #figures: (RankFigures | undefined)[];
  /** By rank, where not all do the same. */
  readonly #roles = new Map<number, RankRole>();
  readonly #hostNames = new Set<string>();
  #arrived = 0;
  #leader = 0;

  constructor(ranks: number, now: number, times: AttendanceTimes) {
    this.#times = times;
    this.#openedAt = now;
    this.#seenAt = new Float64Array(ranks).fill(NaN);
    this.#hosts = Array.from({ length: ranks });
    this.#figures = Array.from({ length: ranks });
  }

  /** World size of the generation. */
  get ranks(): number {
    return this.#seenAt.length;
  }

  /** Ranks that have shown themselves. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Hosts of those. */
  get hosts(): number {
    return this.#hostNames.size;
  }

  /** The rank whose figures are the run's: rank 0, where no other says that it is the chief. */
  get leader(): number {
    return this.#leader;
  }

  /** Of the rank that leads. */
  get figures(): RankFigures | undefined {
    return this.#figures[this.#leader];
  }

  /** Ranks that take no part in a batch: they keep variables for those that do. */
  get servers(): number {
    return this.#withRole('server').length;
  }

  /** Who is where, by what they do; empty where all ranks do the same. */
  roles(): RoleShare[] {
    return RankRole.options.flatMap((role) => {
      const ranks = this.#withRole(role);
      if (ranks.length === 0) return [];
      const hosts = new Set(ranks.map((rank) => this.#hosts[rank] ?? ''));
      return [{ role, count: ranks.length, ranks: ranks.slice(0, MOST_NAMED), hosts: [...hosts].slice(0, MOST_NAMED) }];
    });
  }

  /** Notes a sign of life. */
  beat({ rank, host, role, figures }: Pick<RankBeat, 'rank' | 'host' | 'role' | 'figures'>, now: number): void {
    if (Number.isNaN(this.#seenAt[rank])) this.#arrived += 1;
    this.#seenAt[rank] = now;
    this.#hosts[rank] = host;
    this.#hostNames.add(host);
    if (role) this.#roles.set(rank, role);
    if (role === 'chief') this.#leader = rank;
    if (figures) this.#figures[rank] = figures;
  }

  /** Takes back what would have been silence while nobody could be heard. */
  excuse(now: number): void {
    this.#seenAt.forEach((at, rank) => {
      if (!Number.isNaN(at)) this.#seenAt[rank] = now;
    });
  }

  /** The first ranks that have not come, once they should have. */
  missing(now: number): number[] {
    if (now - this.#openedAt < this.#times.missingAfter) return [];
    return this.#first(({ at }) => Number.isNaN(at));
  }

  /** The first ranks that have come and were not heard of for too long. */
  silent(now: number): number[] {
    return this.#first(({ at }) => now - at > this.#times.silentAfter);
  }

  /** Milliseconds since any rank was heard of, or since the generation was opened. */
  quietFor(now: number): number {
    const newest = this.#seenAt.reduce((one, at) => (at > one ? at : one), this.#openedAt);
    return now - newest;
  }

  /** The rank that keeps the others waiting: busy, without waiting itself, for much longer than most are. */
  slowest(): CoordinatedRun['slowest'] {
    const busy = this.#figures.map((figures) => (figures ? figures.seconds.input + figures.seconds.compute : 0));
    const known = busy.filter((seconds) => seconds > 0).sort((one, other) => one - other);
    const most = known.at(-1);
    // Of two the quicker one counts as most.
    const usual = known[Math.floor((known.length - 1) / 2)];
    if (most === undefined || usual === undefined || most < STANDS_OUT * usual) return undefined;
    const rank = busy.indexOf(most);
    return { rank, host: this.#hosts[rank] ?? '', times: Math.round((most / usual) * 100) / 100 };
  }

  /** What is known of some ranks. */
  cells(from: number, count: number, now: number): RankCell[] {
    const last = Math.min(from + count, this.ranks);
    return Array.from({ length: Math.max(0, last - from) }, (_, n) => this.#cell(from + n, now));
  }

  #cell(rank: number, now: number): RankCell {
    const [at = NaN, host, figures] = [this.#seenAt[rank], this.#hosts[rank], this.#figures[rank]];
    if (Number.isNaN(at) || host === undefined) return { rank };
    const role = this.#roles.get(rank);
    const secondsSilent = Math.max(0, (now - at) / 1000);
    return { rank, host, ...(role && { role }), secondsSilent, ...(figures && { figures }) };
  }

  #withRole(role: RankRole): number[] {
    const ranks = [...this.#roles].filter(([, is]) => is === role).map(([rank]) => rank);
    return ranks.sort((one, other) => one - other);
  }

  #first(is: (seen: { readonly at: number }) => boolean): number[] {
    const found: number[] = [];
    for (let rank = 0; rank < this.ranks && found.length < MOST_NAMED; rank += 1) {
      if (is({ at: this.#seenAt[rank] ?? NaN })) found.push(rank);
    }
    return found;
  }
}
