import { createHash } from 'node:crypto';
import type { Client } from 'minio';
import { CodedError } from '@bluewaters/errors';
import { retrying } from './retry.js';

/** Bytes to upload, read a part at a time so that a repeat can read a part again. */
export interface UploadSource {
  /** In bytes. */
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** Where an upload goes, and on what condition. */
export interface UploadTarget {
  readonly bucketName: string;
  readonly objectName: string;
  /** Sent with the request that makes the object appear. */
  readonly condition: Record<string, string>;
  /** Kept with the object. */
  readonly metadata: Record<string, string>;
}

const SMALLEST_PART_BYTES = 16 * 1024 * 1024;
const MOST_PARTS = 10_000;

/**
 * Uploads in parts when there is more than one, each repeated on its own. Unlike the client's own `putObject` it never
 * goes on with someone else's unfinished upload of the same key, and its condition also holds for large objects.
 */
export async function upload(client: Client, target: UploadTarget, source: UploadSource): Promise<void> {
  const partBytes = Math.max(SMALLEST_PART_BYTES, Math.ceil(source.size / MOST_PARTS));
  if (source.size <= partBytes) await uploadWhole(client, target, source);
  else await uploadParts(client, target, source, partBytes);
}

async function uploadWhole(client: Client, target: UploadTarget, source: UploadSource): Promise<void> {
  const { bucketName, objectName, condition, metadata } = target;
  const bytes = await source.read(0, source.size);
  const headers = { ...metadata, ...condition, 'content-md5': md5(bytes) };
  await client.makeRequestAsyncOmit({ method: 'PUT', bucketName, objectName, headers }, bytes);
}

async function uploadParts(
  client: Client,
  target: UploadTarget,
  source: UploadSource,
  partBytes: number,
): Promise<void> {
  const { bucketName, objectName, metadata } = target;
  const uploadId = await client.initiateNewMultipartUpload(bucketName, objectName, metadata);
  try {
    const etags: string[] = [];
    for (let offset = 0; offset < source.size; offset += partBytes) {
      const bytes = await source.read(offset, Math.min(partBytes, source.size - offset));
      const query = new URLSearchParams({ partNumber: String(etags.length + 1), uploadId }).toString();
      etags.push(await retrying(objectName, () => uploadPart(client, target, query, bytes)));
    }
    await complete(client, target, uploadId, etags);
  } catch (error) {
    await client.abortMultipartUpload(bucketName, objectName, uploadId).catch(() => {});
    throw error;
  }
}

async function uploadPart(
  client: Client,
  { bucketName, objectName }: UploadTarget,
  query: string,
  bytes: Buffer,
): Promise<string> {
  const headers = { 'content-md5': md5(bytes) };
  const request = { method: 'PUT', bucketName, objectName, query, headers };
  return (await client.makeRequestAsyncOmit(request, bytes)).headers.etag ?? '';
}

async function complete(client: Client, target: UploadTarget, uploadId: string, etags: string[]): Promise<void> {
  const { bucketName, objectName, condition } = target;
  const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
  const query = new URLSearchParams({ uploadId }).toString();
  const request = { method: 'POST', bucketName, objectName, query, headers: { ...condition } };
  const response = await client.makeRequestAsync(request, body);
  response.setEncoding('utf8');
  const answer = (await response.toArray()).join('');
  // S3 sends its status before the parts are joined, so a failure after that is told in the body.
  if (answer.includes('<Error>')) {
    throw new CodedError('STORE_UNAVAILABLE', 'The parts of an object could not be joined', {
      details: { file: objectName, got: /<Code>(?<code>[^<]*)/u.exec(answer)?.groups?.['code'] ?? answer },
    });
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64');
}
