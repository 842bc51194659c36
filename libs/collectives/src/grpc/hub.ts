import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Line } from '../line.js';
import type { HubMessage, Member, RankMessage } from './words.js';

/** How long the hub waits, in seconds; see `Patience`. */
export interface HubPatience {
  readonly silence: number;
  readonly collective: number;
}

/** A rank that joined. */
interface Joined {
  readonly rank: number;
  readonly member: Member;
  readonly line: Line<HubMessage, RankMessage>;
  /** Seconds without a word. */
  quiet: number;
  /** What it gave to the collective that is under way. */
  given: { readonly value: unknown } | undefined;
  hasLeft: boolean;
}

/**
 * Where ranks meet: in the process of rank 0, which speaks with it like every other. It brings them together, carries
 * their collectives, and watches over them: when one is lost, it tells the others which.
 */
export class Hub {
  readonly #size: number;
  readonly #token: string;
  readonly #patience: HubPatience;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #came = new Set<number>();
  readonly #joined = new Map<number, Joined>();
  #watch: NodeJS.Timeout | undefined;
  /** Seconds for which the collective is under way. */
  #waited = 0;

  private constructor(server: Server, size: number, token: string, patience: HubPatience) {
    this.#server = server;
    this.#size = size;
    this.#token = token;
    this.#patience = patience;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /**
   * Listens on a port that the system chooses: on all interfaces, unless this host is only known as `localhost`.
   *
   * @param token What all ranks know, and nobody else.
   */
  static open(size: number, token: string, patience: HubPatience, host: string): Promise<Hub> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      const hub = new Hub(server, size, token, patience);
      server.once('error', reject);
      server.listen({ port: 0, ...(host === 'localhost' && { host: '127.0.0.1' }) }, () => resolve(hub));
    });
  }

  /** That it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ranks that never joined. */
  get missing(): readonly number[] {
    return Array.from({ length: this.#size }, (_, rank) => rank).filter((rank) => !this.#came.has(rank));
  }

  /** Ends all connections, and listens no more. */
  close(): void {
    clearInterval(this.#watch);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroySoon();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let joined: Joined | undefined;
    const line: Line<HubMessage, RankMessage> = new Line(socket, {
      message: (message) => {
        if (joined) this.#hear(joined, message);
        else if (message.kind === 'join' && message.token === this.#token) joined = this.#join(line, message);
        else line.close();
      },
      closed: () => {
        this.#sockets.delete(socket);
        if (joined) this.#gone(joined);
      },
    });
  }

  #join(line: Joined['line'], { rank, size, member }: RankMessage & { readonly kind: 'join' }): Joined | undefined {
    line.trust();
    const refuse = (field: string, expected: string, got: string): void => {
      const refused = { kind: 'refused', field, expected, got } as const;
      line.send(refused);
      this.#tell(refused);
    };
    if (size !== this.#size) return void refuse('world size', String(this.#size), `${size} of rank ${rank}`);
    if (this.#joined.has(rank)) return void refuse('rank', 'another for each', `${rank} twice`);
    const joined: Joined = { rank, member, line, quiet: 0, given: undefined, hasLeft: false };
    this.#joined.set(rank, joined);
    this.#came.add(rank);
    if (this.#joined.size === this.#size) this.#begin();
    return joined;
  }

  #begin(): void {
    this.#tell({ kind: 'together', members: this.#inOrder().map(({ member }) => member) });
    this.#watch = setInterval(() => this.#look(), 1000);
  }

  #hear(joined: Joined, message: RankMessage): void {
    joined.quiet = 0;
    if (message.kind === 'give') {
      joined.given = { value: message.value };
      this.#giveBack();
    } else if (message.kind === 'leave') {
      joined.hasLeft = true;
      if (this.#inOrder().every(({ hasLeft }) => hasLeft)) this.#tell({ kind: 'over' });
    } else if (message.kind === 'end') this.#tell({ kind: 'end', exitCode: message.exitCode });
  }

  /** Once all have given. */
  #giveBack(): void {
    const given = this.#inOrder().map((each) => each.given);
    if (given.length < this.#size || given.includes(undefined)) return;
    for (const joined of this.#joined.values()) joined.given = undefined;
    this.#waited = 0;
    this.#tell({ kind: 'all', values: given.map((each) => each?.value) });
  }

  /**
   * Once a second. Seconds are counted rather than measured: while this process stood still, the others' signs of life
   * have only not been read.
   */
  #look(): void {
    this.#tell({ kind: 'alive' });
    const all = this.#inOrder();
    for (const joined of all) joined.quiet += 1;
    const { silence, collective } = this.#patience;
    const silent = all.filter(({ quiet, hasLeft }) => quiet > silence && !hasLeft);
    if (silent.length > 0) return this.#lose(silent, `no sign of life for ${silence} s from`);
    const late = all.filter(({ given, hasLeft }) => !given && !hasLeft);
    this.#waited = late.length < all.length ? this.#waited + 1 : 0;
    if (this.#waited > collective) this.#lose(late, `a collective has waited ${collective} s for`);
  }

  #gone(joined: Joined): void {
    // Whoever has not met the others yet may come again.
    if (!this.#watch) this.#joined.delete(joined.rank);
    else if (!joined.hasLeft) this.#lose([joined], 'there is no connection any more with');
  }

  #lose(lost: readonly Joined[], what: string): void {
    const names = lost.map(({ rank, member }) => `rank ${rank} on ${member.host}`);
    this.#tell({ kind: 'lost', words: `${what} ${names.join(', ')}` });
  }

  /** Rank 0 last: this process may end by it. */
  #tell(message: HubMessage): void {
    for (const { line } of [...this.#inOrder()].reverse()) line.send(message);
  }

  #inOrder(): Joined[] {
    return [...this.#joined.values()].sort((one, other) => one.rank - other.rank);
  }
}
