/**
 * Gives each service and the command a user of its own on MinIO, which may read and write its own prefixes alone, and
 * makes their bucket. Runs once at the start of compose.yaml, as MinIO's root; run again it changes nothing but what
 * differs. The passwords are files of the folder that SECRETS names.
 *
 *     SECRETS=../secrets MINIO_URL=http://127.0.0.1:9000 node minio-users.mjs
 */
import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'minio';

const BUCKET = 'bluewaters';
const { SECRETS = '/run/secrets', MINIO_URL = 'http://minio:9000' } = process.env;

/**
 * Who works with which part of the store: docs/architecture.md says what each part holds. Who marks folders says of those
 * of others that they are under terms.
 */
const RIGHTS = {
  ingest: { reads: ['archives', 'terms'], writes: ['indexes'] },
  shards: { reads: ['archives', 'indexes', 'terms'], writes: ['datasets'] },
  training: { reads: ['archives', 'datasets', 'terms'], writes: ['runs', 'models'] },
  inference: { reads: ['models'], writes: [] },
  cli: { reads: ['indexes', 'datasets', 'runs', 'models'], writes: ['archives', 'terms'], marks: true },
};

/**
 * What a user may do, as a policy of S3's.
 *
 * @param {{ reads: string[], writes: string[], marks?: boolean }} rights
 */
function policyOf({ reads, writes, marks = false }) {
  const bucket = `arn:aws:s3:::${BUCKET}`;
  const seen = [...reads, ...writes];
  const statements = [
    { Action: ['s3:GetBucketLocation'], Resource: [bucket] },
    {
      Action: ['s3:ListBucket'],
      Resource: [bucket],
      Condition: { StringLike: { 's3:prefix': seen.map((prefix) => `${prefix}/*`) } },
    },
    { Action: ['s3:GetObject'], Resource: seen.map((prefix) => `${bucket}/${prefix}/*`) },
    {
      Action: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      Resource: writes.map((prefix) => `${bucket}/${prefix}/*`),
    },
    { Action: ['s3:PutObject'], Resource: marks ? seen.map((prefix) => `${bucket}/${prefix}/*/restricted.json`) : [] },
  ];
  const allowed = statements.filter(({ Resource }) => Resource.length > 0);
  return { Version: '2012-10-17', Statement: allowed.map((statement) => ({ Effect: 'Allow', ...statement })) };
}

/**
 * MinIO's own form for passwords on their way: AES-256-GCM in the chunks of its library sio, of which this is the only
 * one, under a key from root's password. A chunk is bound to the tag of an empty one before it.
 *
 * @param {string} password
 * @param {string} text Shorter than 16 KiB.
 */
function encrypt(password, text) {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const PBKDF2_AES_GCM = 2;
  const LAST_CHUNK = 0x80;
  const key = pbkdf2Sync(password, salt, 8192, 32, 'sha256');
  const seal = (number, bytes, bound) => {
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, Buffer.of(number, 0, 0, 0)]));
    cipher.setAAD(bound);
    return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  };
  const before = seal(0, Buffer.alloc(0), Buffer.alloc(0));
  const chunk = seal(1, Buffer.from(text), Buffer.concat([Buffer.of(LAST_CHUNK), before]));
  return Buffer.concat([salt, Buffer.of(PBKDF2_AES_GCM), nonce, chunk]);
}

const secret = (name) => readFileSync(join(SECRETS, name), 'utf8').trim();
const { hostname, port, protocol } = new URL(MINIO_URL);
const root = new Client({
  endPoint: hostname,
  port: Number(port) || (protocol === 'https:' ? 443 : 80),
  useSSL: protocol === 'https:',
  accessKey: secret('access_key'),
  secretKey: secret('secret_key'),
});

/** Calls MinIO's administration, which takes the signatures of S3. */
async function administer(call, query, body = '') {
  const options = { method: 'PUT', bucketName: 'minio', objectName: `admin/v3/${call}`, query };
  (await root.makeRequestAsync(options, body, [200], 'us-east-1')).resume();
}

if (!(await root.bucketExists(BUCKET))) await root.makeBucket(BUCKET, 'us-east-1');
for (const [user, rights] of Object.entries(RIGHTS)) {
  const account = JSON.stringify({ secretKey: secret(`minio_${user}`), status: 'enabled' });
  await administer('add-canned-policy', `name=${user}`, JSON.stringify(policyOf(rights)));
  await administer('add-user', `accessKey=${user}`, encrypt(secret('secret_key'), account));
  await administer('set-user-or-group-policy', `isGroup=false&policyName=${user}&userOrGroup=${user}`);
}
