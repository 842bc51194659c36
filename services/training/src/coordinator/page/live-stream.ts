import { CodedError } from '@bluewaters/errors';
import type { Response } from 'express';

const LISTENERS_AT_MOST = 100;
/** Between two looks whether there is something to tell. */
const TELL_EVERY_MS = 1_000;
/** A sign of life, so that a page can tell quiet runs from a connection that is gone. */
const ALIVE_EVERY_MS = 10_000;
/** What a page waits before it connects again. */
const RETRY_MS = 1_000;

/**
 * Tells pages by server-sent events (HTML standard, section 9.2) what there is to see, once a second at most and only
 * when it has changed: `overview`, and every ten seconds `alive` with the time here in milliseconds since 1970.
 */
export class LiveStream {
  readonly #compose: () => string;
  /** Each page, and what it was told last. */
  readonly #pages = new Map<Response, string>();
  #timer: NodeJS.Timeout | undefined;
  #aliveAt = 0;

  /** @param compose Makes the newest overview, as one line of JSON. */
  constructor(compose: () => string) {
    this.#compose = compose;
  }

  /** Tells a page the newest at once, and goes on until it leaves. @throws {CodedError} OVERLOADED beyond 100 pages. */
  add(page: Response): void {
    if (this.#pages.size >= LISTENERS_AT_MOST) {
      throw new CodedError('OVERLOADED', `${LISTENERS_AT_MOST} pages are listening already`);
    }
    page.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    page.write(`retry: ${RETRY_MS}\n\n`);
    page.write(message('alive', String(Date.now())));
    this.#tell(page, this.#compose());
    page.on('close', () => this.#leave(page));
    this.#timer ??= setInterval(() => this.#tick(), TELL_EVERY_MS);
  }

  /** Ends every page's connection; pages look for the server again. */
  close(): void {
    for (const page of this.#pages.keys()) page.end();
    this.#pages.clear();
    clearInterval(this.#timer);
  }

  #tick(): void {
    const newest = this.#compose();
    const isAliveDue = Date.now() - this.#aliveAt >= ALIVE_EVERY_MS;
    if (isAliveDue) this.#aliveAt = Date.now();
    for (const [page, told] of this.#pages) {
      // One that has not taken the last yet waits for a later look: what it is told then is newer, and no queue grows.
      if (page.writableNeedDrain) continue;
      if (isAliveDue) page.write(message('alive', String(this.#aliveAt)));
      if (newest !== told) this.#tell(page, newest);
    }
  }

  #tell(page: Response, newest: string): void {
    this.#pages.set(page, newest);
    page.write(message('overview', newest));
  }

  #leave(page: Response): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function message(event: string, line: string): string {
  return `event: ${event}\ndata: ${line}\n\n`;
}
