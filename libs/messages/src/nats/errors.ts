import { NatsError } from 'nats';
import { CodedError, isCodedError, type ErrorCode } from '@bluewaters/errors';

const REFUSED = new Set([
  'ACCOUNT_EXPIRED',
  'AUTHENTICATION_EXPIRED',
  'AUTHENTICATION_TIMEOUT',
  'AUTHORIZATION_VIOLATION',
  'BAD_AUTHENTICATION',
  'BAD_CREDS',
  'MAX_PAYLOAD_EXCEEDED',
  'PERMISSIONS_VIOLATION',
]);

/** Numbers by which JetStream tells its errors apart; the texts vary between versions of the server. */
const CONFLICT = new Set([10071, 10164]);
const MISSING = new Set([10014, 10059]);
const FULL = new Set([10023, 10047]);

/** Gives an error of the client or the server its code. @param doing What was being done, for the message. */
export function natsError(error: unknown, doing: string): CodedError {
  if (isCodedError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CodedError(codeOf(error), `${doing}: ${message}`, { cause: error });
}

/** True when the stream or consumer is not there: not made yet, or lost with the server's data. */
export function isMissing(error: unknown): boolean {
  return isNoResponders(error) || MISSING.has(apiErrorOf(error)?.number ?? 0);
}

/** True when nobody listens on the subject of a request. */
export function isNoResponders(error: unknown): boolean {
  return error instanceof NatsError && error.code === '503' && !error.api_error;
}

/** True when an answer did not come in time. */
export function isTimeout(error: unknown): boolean {
  return error instanceof NatsError && error.code === 'TIMEOUT';
}

function codeOf(error: unknown): ErrorCode {
  const api = apiErrorOf(error);
  if (api && CONFLICT.has(api.number)) return 'STATE_CONFLICT';
  if (api && FULL.has(api.number)) return 'STORE_FULL';
  const isRefusal = api ? api.status < 500 : error instanceof NatsError && REFUSED.has(error.code);
  return isRefusal ? 'BUS_REFUSED' : 'BUS_UNAVAILABLE';
}

function apiErrorOf(error: unknown): { readonly status: number; readonly number: number } | undefined {
  const api = error instanceof NatsError ? error.api_error : undefined;
  return api && { status: api.code, number: api.err_code ?? 0 };
}
