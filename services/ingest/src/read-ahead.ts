import type { SourceFile } from '@bluewaters/storage';

/**
 * Reads a part of a source from front to back in windows, the next one while the caller works on this one, so that a
 * walk of many small members costs few calls. Steps forward may leave bytes out.
 */
export class ReadAhead {
  readonly #source: SourceFile;
  readonly #end: number;
  readonly #windowBytes: number;
  #window: Window = { start: 0, bytes: Buffer.alloc(0) };
  #next: { readonly start: number; readonly window: Promise<Window> } | undefined;

  /**
   * @param part From `start` to `end`, without `end`; nothing else is read.
   * @param windowBytes How much is read at a time.
   */
  constructor(source: SourceFile, part: { readonly start: number; readonly end: number }, windowBytes: number) {
    this.#source = source;
    this.#end = part.end;
    this.#windowBytes = windowBytes;
  }

  /**
   * Bytes of the part, which stay valid: a view, but where the range begins in one window and ends in the next. The caller
   * sees to it that the range lies within the part.
   */
  async read(offset: number, length: number): Promise<Buffer> {
    const { start, bytes } = this.#window;
    const at = offset - start;
    if (holds(this.#window, offset, length)) return bytes.subarray(at, at + length);
    const tail = at >= 0 && at < bytes.length ? bytes.subarray(at) : Buffer.alloc(0);
    const head = await this.#advance(offset + tail.length, length - tail.length);
    return tail.length === 0 ? head : Buffer.concat([tail, head]);
  }

  /** Goes on to the window that begins at an offset. @returns So many of its bytes. */
  async #advance(start: number, length: number): Promise<Buffer> {
    const { bytes } = (this.#window = await this.#take(start, length));
    this.#prefetch(start + bytes.length);
    return bytes.subarray(0, length);
  }

  async #take(start: number, length: number): Promise<Window> {
    const prefetched = this.#next?.start === start ? await this.#next.window : undefined;
    if (prefetched && holds(prefetched, start, length)) return prefetched;
    return this.#load(start, Math.max(length, this.#windowBytes));
  }

  #prefetch(start: number): void {
    this.#next = undefined;
    if (start >= this.#end) return;
    const window = this.#load(start, this.#windowBytes);
    // Awaited when it is needed, or never.
    window.catch(() => {});
    this.#next = { start, window };
  }

  async #load(start: number, length: number): Promise<Window> {
    const bytes = await this.#source.read({ offset: start, length: Math.min(length, this.#end - start) });
    return { start, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  }
}

interface Window {
  readonly start: number;
  readonly bytes: Buffer;
}

function holds(window: Window, offset: number, length: number): boolean {
  return offset >= window.start && offset + length <= window.start + window.bytes.length;
}
