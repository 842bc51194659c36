import { CodedError, type ErrorDetails } from '@bluewaters/errors';

/** Bytes that may still be read of an image, over all its layers. */
export interface Budget {
  left: number;
}

/** Reads a stream by offsets that never go back beyond the last one. */
export class ForwardReader {
  readonly #parts: AsyncIterator<Buffer>;
  readonly #file: string;
  readonly #budget: Budget;
  /** What was read and is still asked for, and where it begins. */
  #held: Buffer = Buffer.alloc(0);
  #start = 0;

  /** @param file As errors are to name it. */
  constructor(stream: AsyncIterable<Buffer>, file: string, budget: Budget) {
    this.#parts = stream[Symbol.asyncIterator]();
    this.#file = file;
    this.#budget = budget;
  }

  /**
   * @throws {CodedError} ARCHIVE_TRUNCATED where the stream ends before; ARCHIVE_INVALID beyond the budget; what the stream
   * says.
   */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#forget(offset);
    const parts = [this.#held];
    let end = this.#start + this.#held.length;
    while (end < offset + length) {
      const part = await this.#next();
      if (!part) throw this.#error('ARCHIVE_TRUNCATED', 'A layer of an image ends before its time', { offset });
      end += part.length;
      if (end > offset) parts.push(part.subarray(Math.max(0, part.length - (end - offset))));
    }
    this.#held = Buffer.concat(parts);
    this.#start = offset;
    return this.#held.subarray(0, length);
  }

  /** Reads what is left, and keeps none of it. @throws {CodedError} As {@link read}, but for an end. */
  async finish(): Promise<void> {
    this.#held = Buffer.alloc(0);
    while (await this.#next()) continue;
  }

  /** Ends the stream, too. */
  async close(): Promise<void> {
    await this.#parts.return?.();
  }

  #forget(offset: number): void {
    const gone = Math.min(this.#held.length, offset - this.#start);
    this.#held = this.#held.subarray(gone);
    this.#start += gone;
  }

  /** Undefined at the end. */
  async #next(): Promise<Buffer | undefined> {
    const part = await this.#parts.next();
    if (part.done) return undefined;
    this.#budget.left -= part.value.length;
    if (this.#budget.left >= 0) return part.value;
    const details = { expected: 'layers of a size within reason', got: 'more, inflated' };
    throw this.#error('ARCHIVE_INVALID', 'An image is too large', details);
  }

  #error(code: 'ARCHIVE_INVALID' | 'ARCHIVE_TRUNCATED', message: string, details: ErrorDetails): CodedError {
    return new CodedError(code, message, { details: { file: this.#file, ...details } });
  }
}
