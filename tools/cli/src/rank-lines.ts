/** Connections of ranks with whoever launched them, the ends of which tell who of them was lost. */
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { Line } from '@bluewaters/collectives';
import type { RankWord } from '@bluewaters/training';
import type { LineWord } from './launcher-line.js';

/** What a generation's ranks are to whoever launches them. */
export interface RankLinesOptions {
  /** How many there will be. */
  readonly ranks: number;
  /** Whether all of them are on this machine, so that nobody else need reach the port. */
  readonly areHere: boolean;
  /** Told how a rank ended that says so. */
  readonly hear: (word: RankWord) => void;
}

/** A rank that has said who it is. */
interface Caller {
  readonly rank: number;
  readonly host: string;
  /** It said that it goes, so that its end is no loss. */
  leaves: boolean;
}

/**
 * Listens to the ranks of one generation, each on a connection of its own. A process that is killed says nothing more, and
 * its connection ends before those of the ranks that a launcher of MPI ends because of it: the first that ends without a
 * word was the lost one. Whoever opens it closes it.
 */
export class RankLines {
  readonly #options: RankLinesOptions;
  readonly #token = randomUUID();
  readonly #server: Server = createServer((socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();
  readonly #callers = new Map<number, Caller>();
  #firstGone: { readonly caller: Caller; readonly hadAllCome: boolean } | undefined;

  private constructor(options: RankLinesOptions) {
    this.#options = options;
  }

  /** Listens on a port that the system chooses. Where none is to be had, ranks are launched without. */
  static open(options: RankLinesOptions): Promise<RankLines> {
    const lines = new RankLines(options);
    return new Promise((resolve) => {
      lines.#server.once('error', () => resolve(lines));
      lines.#server.listen({ port: 0, ...(options.areHere && { host: '127.0.0.1' }) }, () => resolve(lines));
    });
  }

  /** What tells a rank where to call, in its environment. */
  get variables(): Readonly<Record<string, string>> {
    const address = this.#server.address() as AddressInfo | null;
    return address ? { BLUEWATERS_LAUNCHED_BY: `${hostname()}:${address.port}:${this.#token}` } : {};
  }

  /** How many ranks have called. */
  get called(): number {
    return this.#callers.size;
  }

  /**
   * The rank that was lost, and its host, in words; undefined where none was, or where it may have been one that had not
   * called yet, or that cannot.
   */
  get lost(): string | undefined {
    if (!this.#firstGone?.hadAllCome) return undefined;
    const { rank, host } = this.#firstGone.caller;
    return `rank ${rank} on ${host} was lost`;
  }

  /** Ends all connections. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let caller: Caller | undefined;
    const line = new Line<never, LineWord>(socket, {
      message: (word) => {
        if (caller) this.#heed(caller, word);
        else if (word.kind === 'here' && word.token === this.#token) {
          line.trust();
          caller = this.#welcome(word);
        } else line.close();
      },
      closed: () => {
        this.#sockets.delete(socket);
        if (caller && !caller.leaves) {
          this.#firstGone ??= { caller, hadAllCome: this.called === this.#options.ranks };
        }
      },
    });
  }

  #welcome({ rank, host }: LineWord & { readonly kind: 'here' }): Caller {
    const caller = { rank, host, leaves: false };
    this.#callers.set(rank, caller);
    return caller;
  }

  #heed(caller: Caller, word: LineWord): void {
    caller.leaves = true;
    if (word.kind === 'ends') this.#options.hear(word.word);
  }
}
