import { CodedError, toCodedError } from '@bluewaters/errors';
import { createServer, type RequestListener, type Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';

/** A server that takes requests. */
export interface HttpServer {
  /** The one it got, also when 0 was asked for. */
  readonly port: number;
  /** `http://host:port`. */
  readonly address: string;
  /**
   * Takes no more connections, lets requests that are being answered finish, and ends connections that are only kept
   * alive; after `graceMs` it cuts what is left. Safe to call twice.
   */
  close(graceMs?: number): Promise<void>;
}

/** Where to listen. */
export interface ListenOptions {
  /** An address of this machine; 127.0.0.1 is reached from nowhere else. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

const DEFAULT_GRACE_MS = 10_000;

/** @throws {CodedError} PORT_IN_USE naming the port; CONFIG_INVALID for a host that is not this machine's. */
export async function listen(handler: RequestListener, { host, port }: ListenOptions): Promise<HttpServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, host, port)));
    server.listen({ host, port }, resolve);
  });
  return running(server, host);
}

function running(server: Server, host: string): HttpServer {
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    port,
    address: `http://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    close: (graceMs = DEFAULT_GRACE_MS) => (closed ??= closeGracefully(server, graceMs)),
  };
}

async function closeGracefully(server: Server, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  // A connection becomes idle only after its answer is out, so it is ended then and not kept alive any longer.
  server.on('request', (_request, response) => response.setHeader('Connection', 'close'));
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(cut);
  clearInterval(sweep);
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): CodedError {
  if (error.code === 'EADDRINUSE') {
    return new CodedError('PORT_IN_USE', `Another process listens on port ${port} of ${host}`, { cause: error });
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EACCES') {
    const details = { field: 'host and port', got: `${host}:${port}` };
    return new CodedError('CONFIG_INVALID', 'This process cannot listen there', { details, cause: error });
  }
  return toCodedError(error);
}
