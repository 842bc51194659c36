/** A coordinator within a job of ranks, where there is none beside it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { ownHost } from '@bluewaters/collectives';
import { CodedError } from '@bluewaters/errors';
import type { BusOptions } from '@bluewaters/messages';
import { onLines } from './launch.js';
import { PROGRAM } from './start-process.js';
import type { VerbContext } from './verb.js';

/** What of the product's variables it needs: the others are options of training. */
const KEPT = ['BLUEWATERS_NATS_SERVER', 'BLUEWATERS_CACHE'];

const PATIENCE_MS = 30_000;

/**
 * Starts a coordinator and a NATS of its own as children of this process, with which they end. Other ranks, and whoever
 * wants to watch or to steer, find it by the file of the bus. Ranks need none of that, so nothing that goes wrong is more
 * than a note.
 *
 * @returns Once it coordinates, or does not.
 * @throws {CodedError} CONFIG_INVALID for a bus that no file is of.
 */
export async function startCoordinator(bus: BusOptions, { terminal }: Pick<VerbContext, 'terminal'>): Promise<void> {
  if (bus.kind !== 'file') {
    throw new CodedError('CONFIG_INVALID', 'A coordinator that rank 0 starts is found by a file', {
      details: { field: 'bus', expected: 'file:PATH', got: bus.kind },
    });
  }
  const to = `file:${bus.path}`;
  const child = spawn(
    process.execPath,
    [PROGRAM, 'coordinate', '--bus', to, '--start-nats', '--nats-host', ownHost(), '--port', '0'],
    // A process group of its own: signals are for the ranks, who end it.
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true, env: environment() },
  );
  terminal.say(`  note: ${await beginning(child, to)}`);
}

function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('BLUEWATERS_') || KEPT.includes(name));
  return Object.fromEntries(own);
}

/** What became of it. One that does not begin must not keep the ranks. */
function beginning(child: ChildProcess, bus: string): Promise<string> {
  return new Promise((resolve) => {
    let error = `it had not begun after ${PATIENCE_MS / 1000} s`;
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    onLines(child.stderr, (line) => (error = line || error));
    onLines(child.stdout, (line) => {
      const page = /page on (\S+)/u.exec(line)?.[1];
      if (page) clearTimeout(late);
      if (page) resolve(`coordinated; see --bus ${bus}, and ${page} on ${hostname()}`);
    });
    child.once('error', ({ message }) => resolve(`nobody coordinates: ${message}`));
    child.once('close', () => resolve(`nobody coordinates: ${error}`));
  });
}
