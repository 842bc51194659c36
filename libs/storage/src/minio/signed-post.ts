/** Calls of MinIO that its client does not know: signed as AWS's Signature Version 4 has it, sent as they are. */
import { createHash, createHmac } from 'node:crypto';
import { CodedError } from '@bluewaters/errors';

const TIMEOUT_MS = 30_000;

/** One call. */
export interface SignedPost {
  /** `http://host:port`. */
  readonly url: string;
  /** Absolute. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Fields of a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Whom the signature is for. */
  readonly service: 'sts' | 's3';
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Sends a call and resolves to the body of its answer. @throws {CodedError} STORE_UNAVAILABLE, STORE_REFUSED. */
export async function signedPost(call: SignedPost): Promise<string> {
  const { url, path } = call;
  const body = new URLSearchParams(call.form).toString();
  const query = canonicalQuery(call.query ?? {});
  const target = `${url}${path}${query === '' ? '' : `?${query}`}`;
  const headers = sign({ ...call, query, body });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(target, { method: 'POST', headers, body, signal }).catch((cause: unknown) => {
    throw new CodedError('STORE_UNAVAILABLE', 'MinIO did not answer', { details: { file: url + path }, cause });
  });
  const answer = await response.text();
  if (response.ok) return answer;
  const said = /<Message>([^<]*)|"Message":"([^"]*)/u.exec(answer);
  const code = response.status >= 500 ? 'STORE_UNAVAILABLE' : 'STORE_REFUSED';
  throw new CodedError(code, `MinIO: ${said?.[1] ?? said?.[2] ?? `status ${response.status}`}`, {
    details: { file: url + path },
  });
}

type Signable = Omit<SignedPost, 'query' | 'form'> & { readonly query: string; readonly body: string };

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function sign(call: Signable): Record<string, string> {
  const { url, path, query, body, service, region, accessKey, secretKey } = call;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/gu, '');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const signed = {
    'content-type': 'application/x-www-form-urlencoded',
    host: new URL(url).host,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': time,
  };
  const names = Object.keys(signed).join(';');
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['POST', path, query, lines.join(''), names, sha256(body)].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretKey}`);
  const signature = hmac(key, text).toString('hex');
  const { host: _, ...headers } = signed;
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

function canonicalQuery(fields: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.sort().join('&');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
