import { CodedError } from '@bluewaters/errors';
import type { BusOptions } from '@bluewaters/messages';
import type { StoreOptions } from '@bluewaters/storage';

/**
 * Reads the one-string form of a store: `directory:/path` (relative paths too), `minio:http://host:9000/bucket` or
 * `memory:`. Credentials never stand in it.
 *
 * @throws {CodedError} CONFIG_INVALID for any other form.
 */
export function parseStore(text: string): StoreOptions {
  const [, kind, rest] = /^([a-z]+):(.*)$/su.exec(text) ?? [];
  if (kind === 'memory' && rest === '') return { kind };
  if (kind === 'directory' && rest) return { kind, path: rest };
  if (kind === 'minio' && rest && URL.canParse(rest)) return parseMinio(new URL(rest));
  throw invalidStore();
}

function parseMinio(url: URL): StoreOptions {
  const bucket = url.pathname.replace(/^\/|\/$/gu, '');
  const isPlain = ['http:', 'https:'].includes(url.protocol) && !url.search && !url.hash;
  refuseCredentials(url, 'store', 'BLUEWATERS_MINIO_ACCESS_KEY and BLUEWATERS_MINIO_SECRET_KEY');
  if (!isPlain || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u.test(bucket)) throw invalidStore();
  return { kind: 'minio', url: url.origin, bucket };
}

/** Says nothing of what was given: a mistyped form may hold a password. */
function invalidStore(): CodedError {
  return new CodedError('CONFIG_INVALID', 'The store is not in a known form', {
    details: {
      field: 'store',
      expected: 'directory:/path, minio:http://host:9000/bucket (3 to 63 of a-z, 0-9, . and -) or memory:',
    },
  });
}

/**
 * Reads the one-string form of a bus: `nats://host:4222`, `tls://host:4222`, `file:PATH` of one that was started for a
 * while, or `in-process`.
 *
 * @param natsAckWaitMs For those who take work: it comes again when nothing was heard of its worker for this long.
 * @throws {CodedError} CONFIG_INVALID for any other form.
 */
export function parseBus(text: string, { natsAckWaitMs }: { readonly natsAckWaitMs?: number } = {}): BusOptions {
  if (text === 'in-process') return { kind: 'in-process' };
  const [, path] = /^file:(.+)$/su.exec(text) ?? [];
  if (path !== undefined) return { kind: 'file', path };
  if (!/^(?:nats|tls):\/\/[^/,]+$/u.test(text) || !URL.canParse(text)) {
    throw new CodedError('CONFIG_INVALID', 'The bus is not in a known form', {
      details: { field: 'bus', expected: 'nats://host:4222, file:PATH or in-process' },
    });
  }
  refuseCredentials(new URL(text), 'bus', 'BLUEWATERS_NATS_USER and BLUEWATERS_NATS_PASSWORD');
  return { kind: 'nats', url: text, ...(natsAckWaitMs === undefined ? {} : { ackWaitMs: natsAckWaitMs }) };
}

/** Options are logged and shown in process lists, secrets must not be. */
function refuseCredentials(url: URL, field: string, instead: string): void {
  if (url.username === '' && url.password === '') return;
  throw new CodedError('CONFIG_INVALID', 'An address holds credentials', {
    details: { field, expected: `an address without them; they go into ${instead}` },
  });
}
