/** What ranks over gRPC tell rank 0's hub, and it them: one JSON value a line, over TCP. */
import type { Socket } from 'node:net';

/** A rank, as the others find it. */
export interface Member {
  /** By which the others reach its host. */
  readonly host: string;
  /** Of its TensorFlow server. */
  readonly port: number;
}

/** From a rank to the hub. */
export type RankMessage =
  /** The first, by who knows the token. */
  | {
      readonly kind: 'join';
      readonly token: string;
      readonly rank: number;
      readonly size: number;
      readonly member: Member;
    }
  | { readonly kind: 'alive' }
  /** Its part of a collective. */
  | { readonly kind: 'give'; readonly value: unknown }
  /** The last. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'end'; readonly exitCode: number };

/** From the hub to a rank. */
export type HubMessage =
  /** All have joined; in their order. */
  | { readonly kind: 'together'; readonly members: readonly Member[] }
  /** Whoever joined is not one of those that were expected. */
  | { readonly kind: 'refused'; readonly field: string; readonly expected: string; readonly got: string }
  | { readonly kind: 'alive' }
  /** What each gave, in their order. */
  | { readonly kind: 'all'; readonly values: readonly unknown[] }
  /** All have left. */
  | { readonly kind: 'over' }
  | { readonly kind: 'end'; readonly exitCode: number }
  | { readonly kind: 'lost'; readonly words: string };

/** What someone who does not know the token may send before he is cut off, in characters. */
const MOST_BEFORE_TOKEN = 4096;

/** One end of a connection. */
export class Line<Sent, Heard> {
  readonly #socket: Socket;
  #rest = '';
  #isTrusted: boolean;

  /**
   * @param hears `isTrusted` says whether messages may be of any length from the start; by default only once
   * {@link trust} was called.
   */
  constructor(
    socket: Socket,
    hears: { readonly message: (message: Heard) => void; readonly closed: () => void; readonly isTrusted?: boolean },
  ) {
    this.#socket = socket;
    this.#isTrusted = hears.isTrusted ?? false;
    socket.setNoDelay(true);
    socket.setEncoding('utf8').on('data', (text: string) => this.#take(text, hears.message));
    socket.on('error', () => undefined); // it is closed after that
    socket.on('close', hears.closed);
  }

  /** Whoever is at the other end is one of us. */
  trust(): void {
    this.#isTrusted = true;
  }

  /** Says something to the other end; to nobody where there is none any more. */
  send(message: Sent): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** What was sent before still arrives. */
  close(): void {
    this.#socket.destroySoon();
  }

  #take(text: string, tell: (message: Heard) => void): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = this.#socket.destroyed ? undefined : parsed(line);
      if (message !== undefined) tell(message as Heard);
    }
    if (!this.#isTrusted && this.#rest.length > MOST_BEFORE_TOKEN) this.#socket.destroy();
  }
}

/** Undefined for what is no object in JSON: it is from someone who speaks something else. */
function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
