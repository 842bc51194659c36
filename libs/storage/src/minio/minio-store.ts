import type http from 'node:http';
import { randomUUID } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Client } from 'minio';
import { CodedError, isCodedError } from '@bluewaters/errors';
import { assertRange, fileError, notAFile } from '../faults.js';
import { assertKey, assertPrefix } from '../key.js';
import { writeBeside } from '../write-beside.js';
import { makeAgent } from './connections.js';
import { codeOf, minioError } from './errors.js';
import { listObjects } from './listing.js';
import { retrying } from './retry.js';
import { upload, type UploadSource } from './upload.js';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from '../object-store.js';

/** How a bucket is reached. */
export interface MinioOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of credentials that work for a time. */
  readonly sessionToken?: string;
  /** As the server is configured; `us-east-1`. */
  readonly region?: string;
}

/** A store in a bucket of MinIO or another server that speaks S3. Faults that may pass are tried again for seconds. */
export class MinioStore implements ObjectStore {
  readonly description: string;
  readonly #client: Client;
  readonly #agent: http.Agent;
  readonly #bucket: string;

  private constructor(client: Client, agent: http.Agent, { url, bucket }: MinioOptions) {
    this.#client = client;
    this.#agent = agent;
    this.#bucket = bucket;
    this.description = `minio ${new URL(url).origin}/${bucket}`;
  }

  /**
   * Connects, and makes the bucket when it is not there; not with credentials that are lent, which may not ask for it.
   * @throws {CodedError} STORE_UNAVAILABLE, STORE_REFUSED or CONFIG_INVALID.
   */
  static async open(options: MinioOptions): Promise<MinioStore> {
    const { client, agent } = connect(options);
    const { bucket, region = 'us-east-1', sessionToken } = options;
    if (sessionToken !== undefined) return new MinioStore(client, agent, options);
    try {
      await retrying(bucket, async (isRepeat) => {
        if (await isThere(client, bucket, region)) return;
        await client.makeBucket(bucket, region).catch((error: unknown) => ignoreTaken(error, isRepeat));
      });
      return new MinioStore(client, agent, options);
    } catch (error) {
      agent.destroy();
      throw error;
    }
  }

  async put(key: string, bytes: Uint8Array | string, options: PutOptions = {}): Promise<ObjectInfo> {
    assertKey(key);
    const content =
      typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const read = async (offset: number, length: number) => content.subarray(offset, offset + length);
    return this.#upload(key, { size: content.length, read }, options);
  }

  async putFile(key: string, path: string, options: PutOptions = {}): Promise<ObjectInfo> {
    assertKey(key);
    const file = await open(path, 'r').catch((error: unknown) => {
      throw fileError(error, path);
    });
    try {
      const info = await file.stat();
      if (!info.isFile()) throw notAFile(path);
      const read = async (offset: number, length: number) => {
        const { buffer: bytes, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
        if (bytesRead === length) return bytes;
        throw new CodedError('FILE_NOT_FOUND', 'A file became shorter while it was read', { details: { file: path } });
      };
      return await this.#upload(key, { size: info.size, read }, options);
    } finally {
      await file.close();
    }
  }

  async get(key: string): Promise<Uint8Array> {
    assertKey(key);
    return retrying(key, async () => buffer(await this.#client.getObject(this.#bucket, key)));
  }

  async getRange(key: string, range: ByteRange): Promise<Uint8Array> {
    const { offset, length } = range;
    // S3 cannot name an empty range, and answers one that runs past the end with what there is.
    if (!(length > 0)) {
      assertRange(key, range, (await this.#find(key)).size);
      return new Uint8Array(0);
    }
    assertRange(key, range, Number.MAX_SAFE_INTEGER);
    assertKey(key);
    const bytes = await retrying(key, async () =>
      buffer(await this.#client.getPartialObject(this.#bucket, key, offset, length)),
    );
    assertRange(key, range, offset + bytes.length);
    return bytes;
  }

  async getFile(key: string, path: string): Promise<ObjectInfo> {
    assertKey(key);
    const size = await retrying(key, async () => {
      const source = await this.#client.getObject(this.#bucket, key);
      return this.#save(source, key, path);
    });
    return { key, size };
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    try {
      return await this.#find(key);
    } catch (error) {
      if (isCodedError(error, 'OBJECT_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    assertPrefix(prefix);
    yield* listObjects(this.#client, this.#bucket, prefix);
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    await retrying(key, () => this.#client.removeObject(this.#bucket, key));
  }

  localPath(key: string): undefined {
    assertKey(key);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  /** Resolves to the number of bytes. */
  async #save(source: Readable, key: string, path: string): Promise<number> {
    let size = 0;
    try {
      await writeBeside(path, async (file) => {
        await writeFile(file, source);
        size = (await file.stat()).size;
      });
      return size;
    } catch (error) {
      throw error === source.errored ? minioError(error, key) : fileError(error, path);
    } finally {
      source.destroy();
    }
  }

  async #find(key: string): Promise<ObjectInfo> {
    assertKey(key);
    const { size } = await retrying(key, () => this.#client.statObject(this.#bucket, key));
    return { key, size };
  }

  async #upload(key: string, source: UploadSource, { ifAbsent }: PutOptions): Promise<ObjectInfo> {
    const writer = randomUUID();
    const condition: Record<string, string> = ifAbsent ? { 'if-none-match': '*' } : {};
    const metadata: Record<string, string> = ifAbsent ? { 'x-amz-meta-writer': writer } : {};
    const target = { bucketName: this.#bucket, objectName: key, condition, metadata };
    await retrying(key, async (isRepeat) => {
      try {
        await upload(this.#client, target, source);
      } catch (error) {
        const taken = isRepeat && isCodedError(minioError(error, key), 'OBJECT_EXISTS');
        if (!taken || !(await this.#isWrittenBy(key, writer))) throw error;
      }
    });
    return { key, size: source.size };
  }

  /** When an answer was lost on the way, what is there may be what we wrote. */
  async #isWrittenBy(key: string, writer: string): Promise<boolean> {
    const { metaData } = await this.#client.statObject(this.#bucket, key);
    return metaData['writer'] === writer;
  }
}

function connect({ url, accessKey, secretKey, sessionToken, region = 'us-east-1' }: MinioOptions): {
  client: Client;
  agent: http.Agent;
} {
  const { protocol, hostname, port, pathname } = new URL(url);
  const useSSL = protocol === 'https:';
  if (pathname !== '/' || !(useSSL || protocol === 'http:')) {
    const details = { field: 'url', expected: 'http://host:port or https://host:port', got: url };
    throw new CodedError('CONFIG_INVALID', 'The address of MinIO is not in the expected form', { details });
  }
  const agent = makeAgent(useSSL);
  const client = new Client({
    endPoint: hostname,
    port: Number(port || (useSSL ? 443 : 80)),
    useSSL,
    accessKey,
    secretKey,
    ...(sessionToken !== undefined && { sessionToken }),
    region,
    pathStyle: true,
    transportAgent: agent,
    // The client's own repeats cover less and write to the console.
    retryOptions: { disableRetry: true },
  });
  return { client, agent };
}

/** Asks in a way that takes no right to list all of the bucket, which a user of some prefixes does not have. */
async function isThere(client: Client, bucketName: string, region: string): Promise<boolean> {
  try {
    const options = { method: 'GET', bucketName, query: 'location' };
    (await client.makeRequestAsync(options, '', [200], region)).resume();
    return true;
  } catch (error) {
    if (codeOf(error) === 'NoSuchBucket') return false;
    throw error;
  }
}

/** Another process, or our own call whose answer was lost, made the bucket in between. */
function ignoreTaken(error: unknown, isRepeat: boolean): void {
  const code = codeOf(error);
  if (code === 'BucketAlreadyOwnedByYou' || (isRepeat && code === 'BucketAlreadyExists')) return;
  throw error;
}
