/** Numbers that are written once and read several times, more of them than memory is to hold. */
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { toCodedError } from '@bluewaters/errors';

/** Those of a small archive never leave memory. Dispose of it: its file goes. */
export class PrintSpool implements AsyncDisposable {
  readonly #scratch: string;
  readonly #chunk: Float64Array;
  #held = 0;
  #file: { readonly handle: FileHandle; readonly folder: string; bytes: number } | undefined;

  /**
   * @param scratch A folder with room for 8 bytes a number.
   * @param chunk So many are in memory before they go to the file.
   */
  constructor(scratch: string, chunk: number) {
    this.#scratch = scratch;
    this.#chunk = new Float64Array(chunk);
  }

  /** @throws {CodedError} STORE_FULL, STORE_REFUSED by the scratch folder. */
  async add(print: number): Promise<void> {
    if (this.#held === this.#chunk.length) await this.#write();
    this.#chunk[this.#held++] = print;
  }

  /** All of them, in their order. A part holds until the next one. */
  async *read(): AsyncGenerator<Float64Array> {
    const part = new Float64Array(this.#file ? this.#chunk.length : 0);
    for (let at = 0; this.#file && at < this.#file.bytes; at += part.byteLength) {
      await this.#file.handle.read(new Uint8Array(part.buffer), 0, part.byteLength, at);
      yield part;
    }
    yield this.#chunk.subarray(0, this.#held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#file) return;
    await this.#file.handle.close();
    await rm(this.#file.folder, { recursive: true, force: true });
  }

  async #write(): Promise<void> {
    try {
      this.#file ??= await this.#open();
      await this.#file.handle.writeFile(new Uint8Array(this.#chunk.buffer));
    } catch (error) {
      throw toCodedError(error);
    }
    this.#file.bytes += this.#chunk.byteLength;
    this.#held = 0;
  }

  async #open(): Promise<{ handle: FileHandle; folder: string; bytes: number }> {
    const folder = await mkdtemp(join(this.#scratch, 'bluewaters-prints-'));
    return { folder, handle: await open(join(folder, 'prints'), 'w+'), bytes: 0 };
  }
}
