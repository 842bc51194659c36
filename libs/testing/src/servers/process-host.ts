import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import type { ServerHost, ServerProgram } from './test-server.js';

const READY_MS = 30_000;
const KEPT_OUTPUT = 4_000;

/**
 * Runs the server and kills it when standard input closes, which also happens when the process that holds the other
 * end is killed: no server outlives its test.
 */
const KEEPER = `exec 3<&0
"$@" 3<&- </dev/null &
server=$!
(cat <&3 >/dev/null; kill -KILL $server) >/dev/null 2>&1 &
wait $server`;

/** Runs a server program as a child process, with its data in a temporary folder. */
export class ProcessHost implements ServerHost {
  readonly #program: ServerProgram;
  readonly #port: number;
  #directory: string | undefined;
  #keeper: ChildProcess | undefined;

  constructor(program: ServerProgram, port: number) {
    this.#program = program;
    this.#port = port;
  }

  /** @throws {CodedError} PROCESS_DIED with the program's last output. */
  async start(empty: boolean): Promise<void> {
    if (empty) await this.remove();
    this.#directory ??= await mkdtemp(join(tmpdir(), 'bluewaters-server-'));
    const { variable, args, environment, isReady, name } = this.#program;
    const command = [process.env[variable] ?? '', ...args('127.0.0.1', this.#port, this.#directory)];
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', ...command], { env: { ...process.env, ...environment } });
    this.#keeper = keeper;
    const output = keepOutput(keeper);
    const end = Date.now() + READY_MS;
    while (!(await isReady(this.#port))) {
      if (keeper.exitCode !== null || Date.now() > end) {
        throw new CodedError('PROCESS_DIED', `${name} did not start: ${output()}`);
      }
      await sleep(20);
    }
  }

  async kill(): Promise<void> {
    const keeper = this.#keeper;
    if (!keeper || keeper.exitCode !== null || keeper.signalCode !== null) return;
    const exited = once(keeper, 'exit');
    keeper.stdin?.end();
    await exited;
  }

  async remove(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }
}

/** Answers the last part of what a process has written so far. */
function keepOutput(child: ChildProcess): () => string {
  let output = '';
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-KEPT_OUTPUT));
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => output;
}
