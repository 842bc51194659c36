import { setTimeout as sleep } from 'node:timers/promises';
import { connect, credsAuthenticator, type ConnectionOptions, type NatsConnection } from 'nats';
import { CodedError } from '@bluewaters/errors';
import { natsError } from './errors.js';
import { Link } from './link.js';

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
 * @throws {CodedError} CONFIG_INVALID, BUS_UNAVAILABLE or BUS_REFUSED.
 */
export async function connectLink(url: string, login: NatsLogin): Promise<Link> {
  const options = connectionOptions(url, login);
  const end = Date.now() + TRY_FOR_MS;
  for (;;) {
    try {
      return await open(options);
    } catch (error) {
      const coded = natsError(error, `connecting to ${url}`);
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
    name: `bluewaters ${process.pid}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: PAUSE_MS,
    // A server that restarts may refuse for a moment while it loads its users.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    ...(protocol === 'tls:' && { tls: {} }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(credentials && { authenticator: credsAuthenticator(credentials) }),
  };
}
