import { existsSync } from 'node:fs';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import type { StartedTestContainer } from 'testcontainers';
import type { ServerHost, ServerProgram } from './test-server.js';

const DEFAULT_SOCKET = '/var/run/docker.sock';
const READY_MS = 30_000;

/** True when a Docker engine answers at `DOCKER_HOST` or at the usual socket. */
export async function dockerAnswers(): Promise<boolean> {
  const host = process.env['DOCKER_HOST'] ?? `unix://${DEFAULT_SOCKET}`;
  const socketPath = host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
  if (socketPath !== undefined && !existsSync(socketPath)) return false;
  const target = socketPath === undefined ? addressOf(host) : { socketPath };
  return new Promise((resolve) => {
    const request = http.get({ ...target, path: '/_ping', timeout: 3_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

function addressOf(host: string): { host: string; port: number } {
  const { hostname, port } = new URL(host.replace(/^tcp:/u, 'http:'));
  return { host: hostname, port: Number(port || 2375) };
}

/** Runs a server program in a container whose port is one of 127.0.0.1 here. */
export class ContainerHost implements ServerHost {
  readonly #program: ServerProgram;
  readonly #port: number;
  #container: StartedTestContainer | undefined;
  #isRunning = false;

  constructor(program: ServerProgram, port: number) {
    this.#program = program;
    this.#port = port;
  }

  async start(empty: boolean): Promise<void> {
    if (empty) await this.remove();
    if (this.#container) await this.#container.restart({ timeout: 0 });
    else this.#container = await this.#create();
    this.#isRunning = true;
    const end = Date.now() + READY_MS;
    while (!(await this.#program.isReady(this.#port))) {
      if (Date.now() > end) throw new CodedError('TIMED_OUT', `${this.#program.name} did not answer in its container`);
      await sleep(20);
    }
  }

  async kill(): Promise<void> {
    if (this.#isRunning) await (await this.#handle())?.kill();
    this.#isRunning = false;
  }

  async remove(): Promise<void> {
    await (await this.#handle())?.remove({ force: true, v: true });
    this.#container = undefined;
    this.#isRunning = false;
  }

  /** The engine's own handle: testcontainers' `stop` does nothing when it is called a second time. */
  async #handle() {
    if (!this.#container) return undefined;
    const { getContainerRuntimeClient } = await import('testcontainers');
    return (await getContainerRuntimeClient()).container.getById(this.#container.getId());
  }

  async #create(): Promise<StartedTestContainer> {
    // Loaded only here: it is large, and most machines run the programs themselves.
    const { GenericContainer, Wait } = await import('testcontainers');
    const { image, port, args, environment, files } = this.#program;
    return (
      new GenericContainer(image)
        .withExposedPorts({ container: port, host: this.#port })
        .withEnvironment({ ...environment })
        .withCopyFilesToContainer(files.map((file) => ({ source: file, target: file })))
        .withCommand(args('0.0.0.0', port, '/data'))
        // We ask the server itself, at 127.0.0.1; the library would look for the port where it believes the engine to be.
        .withWaitStrategy(Wait.forAll([]))
        .start()
    );
  }
}
