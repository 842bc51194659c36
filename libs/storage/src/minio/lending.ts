import { CodedError } from '@bluewaters/errors';
import { assertKey, assertPrefix } from '../key.js';
import { signedPost } from './signed-post.js';
import type { MinioOptions } from './minio-store.js';

/** What is lent to whom, for how long. */
export interface Loan {
  /** What may be read and listed: prefixes of keys, each with `/` at its end. */
  readonly prefixes: readonly string[];
  /** Objects beside these that may be read. */
  readonly keys: readonly string[];
  /** 900 to 604,800: what MinIO takes. */
  readonly seconds: number;
  /** Names the loan, so that it can be taken back: all loans of one name end together. */
  readonly name: string;
}

/** Credentials that work for a time. */
export interface LentCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * Gets credentials from MinIO that read some prefixes and do nothing else: AssumeRole with a policy of its own, which
 * can only narrow what the credentials that ask may do.
 *
 * @throws {CodedError} STORE_REFUSED when the server does not lend, as to credentials that are lent themselves;
 * STORE_UNAVAILABLE.
 */
export async function lendReading(options: MinioOptions, loan: Loan): Promise<LentCredentials> {
  loan.prefixes.forEach(assertPrefix);
  loan.keys.forEach(assertKey);
  const form = {
    Action: 'AssumeRole',
    Version: '2011-06-15',
    DurationSeconds: String(loan.seconds),
    Policy: JSON.stringify(readingPolicy(options.bucket, loan)),
    TokenRevokeType: loan.name,
  };
  const answer = await signedPost({ ...placeOf(options), path: '/', form, service: 'sts' });
  const field = (name: string): string => {
    const value = new RegExp(`<${name}>([^<]+)</${name}>`, 'u').exec(answer)?.[1];
    if (value !== undefined) return value;
    const details = { file: options.url, field: name, expected: 'credentials', got: 'none' };
    throw new CodedError('STORE_REFUSED', 'MinIO answered without credentials', { details });
  };
  return {
    accessKey: field('AccessKeyId'),
    secretKey: field('SecretAccessKey'),
    sessionToken: field('SessionToken'),
    expiresAt: field('Expiration'),
  };
}

/**
 * Ends all loans of a name that these credentials made, at once; none is no error.
 *
 * @throws {CodedError} STORE_REFUSED, also from a server that cannot do it: older than March 2025, or none of MinIO's.
 * The loans then end when their time is over.
 */
export async function endLoans(options: MinioOptions, name: string): Promise<void> {
  const path = '/minio/admin/v3/revoke-tokens/builtin';
  await signedPost({ ...placeOf(options), path, query: { tokenRevokeType: name }, service: 's3' });
}

/** `*` at the end of a prefix is the policy's; keys hold neither `*` nor `?`. */
function readingPolicy(bucket: string, { prefixes, keys }: Loan): object {
  const arn = `arn:aws:s3:::${bucket}`;
  const anyBelow = prefixes.map((prefix) => `${prefix}*`);
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [...anyBelow, ...keys].map((key) => `${arn}/${key}`) },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: [arn],
        Condition: { StringLike: { 's3:prefix': anyBelow } },
      },
    ],
  };
}

function placeOf({ url, accessKey, secretKey, region = 'us-east-1' }: MinioOptions): {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
} {
  return { url: new URL(url).origin, accessKey, secretKey, region };
}
