import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { toCodedError } from '@bluewaters/errors';
import { frameRecord, type RecordPlace } from '@bluewaters/records';

/** Records go to the file in pieces of about this size. */
const WRITE_BYTES = 4 * 1024 * 1024;

/** A shard while it is written to a file in a folder of its own, which is gone when the shard is disposed of. */
export class ShardFile implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #records: RecordPlace[] = [];
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  #size = 0;

  private constructor(folder: string, path: string, file: FileHandle) {
    this.#folder = folder;
    this.path = path;
    this.#file = file;
  }

  /** @throws {CodedError} STORE_FULL, STORE_REFUSED, FILE_NOT_FOUND for a scratch folder that can't be used. */
  static async create(scratch: string): Promise<ShardFile> {
    try {
      const folder = await mkdtemp(join(scratch, 'bluewaters-shard-'));
      const path = join(folder, 'shard');
      return new ShardFile(folder, path, await open(path, 'wx'));
    } catch (error) {
      throw toCodedError(error);
    }
  }

  /** Frames a payload as the next record. @throws {CodedError} STORE_FULL. */
  async append(payload: Uint8Array): Promise<void> {
    const record = frameRecord(payload);
    this.#hash.update(record);
    this.#records.push({ offset: this.#size, length: record.length });
    this.#size += record.length;
    this.#unwritten.push(record);
    this.#unwrittenBytes += record.length;
    if (this.#unwrittenBytes >= WRITE_BYTES) await this.#flush();
  }

  /** Writes what is left; call it once, after the last record. */
  async finish(): Promise<{ size: number; sha256: string; records: readonly RecordPlace[] }> {
    await this.#flush();
    return { size: this.#size, sha256: this.#hash.digest('hex'), records: this.#records };
  }

  async #flush(): Promise<void> {
    try {
      await this.#file.appendFile(Buffer.concat(this.#unwritten));
    } catch (error) {
      throw toCodedError(error);
    }
    [this.#unwritten, this.#unwrittenBytes] = [[], 0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
