import { connect } from 'node:net';
import { NATS_IMAGE } from '../images.js';
import { startServer, type ServerProgram, type TestServer } from './test-server.js';

/** Who may use a NATS server; without it, everyone. */
export interface NatsLogin {
  readonly user: string;
  readonly password: string;
}

/** A NATS server with JetStream, as a program for tests. */
export function natsProgram(login?: NatsLogin): ServerProgram {
  const loginArgs = login ? ['--user', login.user, '--pass', login.password] : [];
  return {
    name: 'NATS',
    image: NATS_IMAGE,
    variable: 'BLUEWATERS_NATS_SERVER',
    port: 4222,
    environment: {},
    args: (address, port, directory) => [
      ...['--addr', address, '--port', String(port), '--jetstream', '--store_dir', directory],
      ...loginArgs,
    ],
    isReady: greets,
  };
}

/** Starts a NATS server with JetStream on an ephemeral port of 127.0.0.1. @throws {CodedError} TOOL_MISSING. */
export function startNats(login?: NatsLogin): Promise<TestServer> {
  return startServer(natsProgram(login), 'nats');
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
