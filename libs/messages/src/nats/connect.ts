import { setTimeout as sleep } from 'node:timers/promises';
import { connect, credsAuthenticator, type ConnectionOptions, type NatsConnection } from 'nats';
import { CodedError } from '@bluewaters/errors';
import { natsError } from './errors.js';
import { Link } from './link.js';
import { demandTls, untrusted, type TrustedAuthority } from './trust.js';

/** How a process says who it is; with neither, the server takes everyone or refuses. */
export interface NatsLogin {
  readonly user?: string;
  readonly password?: string;
  /** The contents of a credentials file. */
  readonly credentials?: Uint8Array;
}

const TRY_FOR_MS = 5_000;
const PAUSE_MS = 250;

/**
 * Connects to a server, which may be just starting; a connection that is lost later mends itself for ever.
 * @param authority For `tls://` alone; undefined for those that Node trusts.
 * @throws {CodedError} CONFIG_INVALID, BUS_UNAVAILABLE, BUS_REFUSED or BUS_UNTRUSTED.
 */
export async function connectLink(
  url: string,
  login: NatsLogin,
  authority: TrustedAuthority | undefined,
): Promise<Link> {
  const options = { ...connectionOptions(url, login), ...transportOptions(url, authority) };
  const end = Date.now() + TRY_FOR_MS;
  for (;;) {
    try {
      return await open(options);
    } catch (error) {
      const coded = untrusted(error, url, authority) ?? natsError(error, `connecting to ${url}`);
      if (!coded.retryable || Date.now() > end) throw coded;
      await sleep(PAUSE_MS);
    }
  }
}

async function open(options: ConnectionOptions): Promise<Link> {
  const connection: NatsConnection = await connect(options);
  try {
    return new Link(connection, await connection.jetstreamManager());
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function connectionOptions(url: string, { user, password, credentials }: NatsLogin): ConnectionOptions {
  const { protocol, host, username } = new URL(url);
  if (!['nats:', 'tls:'].includes(protocol) || username !== '') {
    const details = { field: 'url', expected: 'nats://host:port or tls://host:port, without credentials' };
    throw new CodedError('CONFIG_INVALID', 'The address of NATS is not in the expected form', { details });
  }
  return {
    servers: host,
    // By the system's names, as all else finds it: the client would ask name servers alone, which do not know what a cluster
    // has in a file, or know another machine by that name. It then knows no name to hold a certificate against, though.
    ...(protocol === 'nats:' && { resolve: false }),
    name: `bluewaters ${process.pid}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: PAUSE_MS,
    // A server that restarts may refuse for a moment while it loads its users.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    ...(user !== undefined && { user, ...ownInbox(user) }),
    ...(password !== undefined && { pass: password }),
    ...(credentials && { authenticator: credsAuthenticator(credentials) }),
  };
}

/** Answers come to where nobody else may listen, where the server's permissions say so. */
function ownInbox(user: string): ConnectionOptions {
  return /^[\w-]+$/u.test(user) ? { inboxPrefix: `_INBOX.${user}` } : {};
}

/** TLS where the address says so. An authority for a server that is not asked to prove anything would promise too much. */
function transportOptions(url: string, authority: TrustedAuthority | undefined): ConnectionOptions {
  if (new URL(url).protocol === 'tls:') return { tls: demandTls(url, authority) };
  if (!authority) return {};
  const details = { field: 'BLUEWATERS_NATS_CA_FILE', file: authority.file, expected: 'tls://host:port', got: url };
  throw new CodedError('CONFIG_INVALID', 'A certificate authority is given, and an address of NATS without TLS', {
    details,
  });
}
