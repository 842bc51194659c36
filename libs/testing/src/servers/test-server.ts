import { CodedError } from '@bluewaters/errors';
import { afterAll } from 'vitest';
import { ContainerHost, dockerAnswers } from './container-host.js';
import { freePort } from './free-port.js';
import { ProcessHost } from './process-host.js';

/** A server that a test has for itself. */
export interface TestServer {
  /** `nats://`, `tls://` or `http://`, with 127.0.0.1 and a port; the same after a restart. */
  readonly url: string;
  /** Kills the server as a crash would and starts it again, with `empty` without anything that it had stored. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  /** Kills the server and leaves its data and its port, until `restart`. */
  kill(): Promise<void>;
  /** Ends the server and removes its data. Done after the tests of the file in any case. */
  stop(): Promise<void>;
}

/** What differs between server programs. */
export interface ServerProgram {
  readonly name: string;
  readonly image: string;
  /** The environment variable that names the program where Docker is not used. */
  readonly variable: string;
  /** Port inside a container. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Files that the arguments name, which a container has at the same paths. */
  readonly files: readonly string[];
  /** Arguments, where `directory` is for its data. */
  readonly args: (address: string, port: number, directory: string) => string[];
  readonly isReady: (port: number) => Promise<boolean>;
}

/** One way to run a server program on one port. */
export interface ServerHost {
  /** Starts the program, with the data of its last run unless `empty`; resolves when it answers. */
  start(empty: boolean): Promise<void>;
  /** Ends the program as a crash would. */
  kill(): Promise<void>;
  /** Removes all that is left of it. */
  remove(): Promise<void>;
}

const running = new Set<TestServer>();

afterAll(async () => {
  await Promise.all([...running].map((server) => server.stop()));
});

/** Why a server cannot be started here, or undefined when it can. */
export async function whyMissing({ name, variable }: ServerProgram): Promise<CodedError | undefined> {
  if (process.env[variable] || (await dockerAnswers())) return undefined;
  return new CodedError('TOOL_MISSING', `${name} is needed: start a Docker engine, or name its program in ${variable}`);
}

/**
 * Starts a server: the program that the environment names, as `npm test` does where no Docker engine has the images;
 * else in a container.
 * @throws {CodedError} TOOL_MISSING when there is neither.
 */
export async function startServer(program: ServerProgram, protocol: string): Promise<TestServer> {
  const missing = await whyMissing(program);
  if (missing) throw missing;
  const port = await freePort();
  const host = process.env[program.variable] ? new ProcessHost(program, port) : new ContainerHost(program, port);
  const server: TestServer = {
    url: `${protocol}://127.0.0.1:${port}`,
    kill: () => host.kill(),
    restart: async ({ empty = false } = {}) => {
      await host.kill();
      await host.start(empty);
    },
    stop: async () => {
      running.delete(server);
      await host.kill();
      await host.remove();
    },
  };
  running.add(server);
  await host.start(true);
  return server;
}
