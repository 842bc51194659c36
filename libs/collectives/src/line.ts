/** One JSON value a line, over a socket. */
import type { Socket } from 'node:net';

/** What someone who does not know the token may send before he is cut off, in characters. */
const MOST_BEFORE_TOKEN = 4096;

/** One end of a connection: it belongs to whoever made it, as does the socket under it. */
export class Line<Sent, Heard> {
  readonly #socket: Socket;
  #rest = '';
  #isTrusted: boolean;

  /**
   * @param hears `closed` comes once, in the order in which lines end. `isTrusted` says whether messages may be of any
   * length from the start; by default only once {@link trust} was called.
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
    let isOver = false;
    const over = (): void => {
      if (!isOver) hears.closed();
      isOver = true;
    };
    // Not `close` alone: of several that end at once it comes in another order than their ends did.
    socket.once('end', over).once('close', over);
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
