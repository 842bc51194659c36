import type { Client } from 'minio';
import { isKey } from '../key.js';
import { retrying } from './retry.js';
import type { ObjectInfo } from '../object-store.js';

interface Page {
  readonly objects: ObjectInfo[];
  readonly next: string | undefined;
}

/**
 * Lists objects, a page of up to 1,000 at a time, each repeated on its own. The answer is read here because the client
 * takes keys that look like numbers for numbers: `007` would become `7`.
 */
export async function* listObjects(client: Client, bucketName: string, prefix: string): AsyncIterable<ObjectInfo> {
  let token: string | undefined;
  do {
    const page = await retrying(prefix, () => readPage(client, bucketName, prefix, token));
    yield* page.objects;
    token = page.next;
  } while (token !== undefined);
}

async function readPage(client: Client, bucketName: string, prefix: string, token?: string): Promise<Page> {
  const fields = { 'list-type': '2', prefix, ...(token !== undefined && { 'continuation-token': token }) };
  // Signatures need the fields in this order, and `%20` for a space.
  const query = Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const response = await client.makeRequestAsync({ method: 'GET', bucketName, query });
  response.setEncoding('utf8');
  return parsePage((await response.toArray()).join(''));
}

/** Our keys hold nothing that XML would escape; objects with other keys are not ours and are passed over. */
function parsePage(xml: string): Page {
  const contents = xml.match(/<Contents>.*?<\/Contents>/gsu) ?? [];
  const objects = contents
    .map((content) => ({ key: textOf(content, 'Key') ?? '', size: Number(textOf(content, 'Size')) }))
    .filter(({ key }) => isKey(key));
  return { objects, next: textOf(xml, 'NextContinuationToken') };
}

function textOf(xml: string, tag: string): string | undefined {
  return new RegExp(`<${tag}>([^<]*)</${tag}>`, 'u').exec(xml)?.[1];
}
