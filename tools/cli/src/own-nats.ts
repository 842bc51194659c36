/** A NATS server for a while, where nobody keeps one: within a batch job, or on a laptop. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import { writeBusFile } from '@bluewaters/messages';
import { z } from 'zod';

/** For the server to say where it listens, in milliseconds. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;
const USER = 'bluewaters';

/** What a server leaves in its folder of ports. */
const Ports = z.object({ nats: z.array(z.url()).min(1) });

/** One that runs. Whoever starts it ends it. */
export class OwnNats implements AsyncDisposable {
  readonly #server: ChildProcess;
  readonly #folder: string;
  readonly #file: string;

  private constructor(server: ChildProcess, folder: string, file: string) {
    this.#server = server;
    this.#folder = folder;
    this.#file = file;
  }

  /**
   * Starts it on a port that the system chooses, with a password of its own, which a file holds that is this user's alone.
   *
   * @param file Says how to reach it, as `--bus file:PATH` reads it.
   * @param host Which it listens on, and by which others reach it.
   * @throws {CodedError} TOOL_MISSING where there is no program, or it does not start.
   */
  static async start(file: string, host: string): Promise<OwnNats> {
    const folder = await mkdtemp(join(tmpdir(), 'bluewaters-nats-'));
    const password = randomBytes(24).toString('hex');
    const configuration = join(folder, 'nats.conf');
    // Not among its arguments, which everyone reads.
    await writeFile(configuration, configurationOf({ host, folder, password }), { mode: 0o600 });
    const program = process.env['BLUEWATERS_NATS_SERVER'] ?? 'nats-server';
    const server = spawn(program, ['--config', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
    const own = new OwnNats(server, folder, resolve(file));
    try {
      const { port } = new URL(await addressOf(server, folder));
      const url = `nats://${host.includes(':') ? `[${host}]` : host}:${port}`;
      await writeBusFile(own.#file, { format: 'bluewaters.bus.v1', url, user: USER, password });
      return own;
    } catch (error) {
      await own[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends it, and takes back what it left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#file, { force: true });
    const isUp = this.#server.pid !== undefined && this.#server.exitCode === null && this.#server.signalCode === null;
    if (isUp) {
      const ended = new Promise((end) => this.#server.once('close', end));
      this.#server.kill('SIGKILL'); // nothing of it is kept
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function configurationOf({ host, folder, password }: Readonly<Record<'host' | 'folder' | 'password', string>>): string {
  return [
    `host: ${JSON.stringify(host)}`,
    'port: -1',
    `ports_file_dir: ${JSON.stringify(folder)}`,
    `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))}, max_memory_store: 64MB, max_file_store: 1GB }`,
    `authorization { user: ${USER}, password: "${password}" }`,
    '',
  ].join('\n');
}

/** Where it listens, once it does. */
async function addressOf(server: ChildProcess, folder: string): Promise<string> {
  let said = '';
  let failed: Error | undefined;
  server.once('error', (error) => (failed = error));
  server.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(LOOK_EVERY_MS)) {
    const name = (await readdir(folder)).find((each) => each.endsWith('.ports'));
    const found = name === undefined ? undefined : Ports.safeParse(parsed(await readFile(join(folder, name), 'utf8')));
    if (found?.success) return found.data.nats[0] ?? '';
    if (failed || server.exitCode !== null) break;
  }
  throw new CodedError(
    'TOOL_MISSING',
    'NATS cannot be started; put nats-server on the PATH, or name it in BLUEWATERS_NATS_SERVER',
    {
      details: { expected: 'the program nats-server', got: failed?.message ?? (said.trim() || 'no port') },
      cause: failed,
    },
  );
}

/** Undefined for what is not written to its end yet. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
