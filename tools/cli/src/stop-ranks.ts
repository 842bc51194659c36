/** Lets ranks that a launcher of MPI started write a checkpoint and end. */
import type { ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import type { RankWord } from '@bluewaters/training';
import type { VerbContext } from './verb.js';

/**
 * Asks one rank of this host, which is enough: all agree on the step after which they stop. A process id means nothing on
 * another host than the one that its rank named; where none is here, the launcher is asked, and a line says so.
 */
export function stopRanks(
  launcher: Pick<ChildProcess, 'kill' | 'spawnfile'>,
  words: readonly RankWord[],
  { terminal }: { readonly terminal: Pick<VerbContext['terminal'], 'say'> },
): void {
  const here = hostname();
  const near = words.find((word) => 'pid' in word && word.host === here && isAlive(word.pid));
  if (near && 'pid' in near) return void process.kill(near.pid, 'SIGTERM');
  launcher.kill('SIGTERM');
  terminal.say(
    `  no rank is known on ${here}: ${launcher.spawnfile} is asked to stop them, perhaps without a checkpoint`,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
