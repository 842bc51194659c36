import { connect } from 'node:net';
import { serverImage } from '../images.js';
import type { Certificate } from './certificate-authority.js';
import { startServer, type ServerProgram, type TestServer } from './test-server.js';

/** Who may use a NATS server; without it, everyone. */
export interface NatsLogin {
  readonly user: string;
  readonly password: string;
}

/** What makes a NATS server of a test differ from an open one. */
export interface NatsServerOptions {
  readonly login?: NatsLogin;
  /** Demands TLS of everyone. */
  readonly certificate?: Certificate;
  /** A file of the server's own options, and the files that it names. */
  readonly configuration?: { readonly file: string; readonly files: readonly string[] };
}

/** A NATS server with JetStream, as a program for tests. */
export function natsProgram({ login, certificate, configuration }: NatsServerOptions = {}): ServerProgram {
  return {
    name: 'NATS',
    image: serverImage('NATS_IMAGE'),
    variable: 'BLUEWATERS_NATS_SERVER',
    port: 4222,
    environment: {},
    files: [
      ...(certificate ? [certificate.certificateFile, certificate.keyFile] : []),
      ...(configuration ? [configuration.file, ...configuration.files] : []),
    ],
    args: (address, port, directory) => [
      ...(configuration ? ['--config', configuration.file] : []),
      ...['--addr', address, '--port', String(port), '--jetstream', '--store_dir', directory],
      ...(login ? ['--user', login.user, '--pass', login.password] : []),
      ...(certificate ? ['--tls', '--tlscert', certificate.certificateFile, '--tlskey', certificate.keyFile] : []),
    ],
    isReady: greets,
  };
}

/** Starts a NATS server with JetStream on an ephemeral port of 127.0.0.1. @throws {CodedError} TOOL_MISSING. */
export function startNats(options: NatsServerOptions = {}): Promise<TestServer> {
  return startServer(natsProgram(options), options.certificate ? 'tls' : 'nats');
}

/** A NATS server speaks first. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', (bytes) => end(bytes.toString().startsWith('INFO ')));
    socket.once('close', () => end(false));
    socket.on('error', () => end(false));
  });
}
