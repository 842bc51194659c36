/** Lets ranks that a launcher of MPI started write a checkpoint and end. */
import type { ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import type { RankWord } from '@bluewaters/training';
import type { VerbContext } from './verb.js';

/**
 * Asks one rank of this host, which is enough: all agree on the step after which they stop. A process id means nothing on
 * another host than the one that its rank named. Where none is here, the launcher is asked, and a line says so; since one
 * that has only just been started may not heed that, the first rank that then says that it is here is asked, too.
 */
export class RankStopper {
  readonly #launcher: Pick<ChildProcess, 'kill' | 'spawnfile'>;
  readonly #say: VerbContext['terminal']['say'];
  readonly #here = new Set<number>();
  #isStopping = false;

  constructor(
    launcher: Pick<ChildProcess, 'kill' | 'spawnfile'>,
    { terminal }: { readonly terminal: Pick<VerbContext['terminal'], 'say'> },
  ) {
    this.#launcher = launcher;
    this.#say = (line) => terminal.say(line);
  }

  /** To be told what ranks say. */
  hear(word: RankWord): void {
    if (!('pid' in word) || word.host !== hostname()) return;
    const isFirst = this.#here.size === 0;
    this.#here.add(word.pid);
    if (this.#isStopping && isFirst && isAlive(word.pid)) process.kill(word.pid, 'SIGTERM');
  }

  /** Asks, once. */
  stop(): void {
    this.#isStopping = true;
    const near = [...this.#here].find(isAlive);
    if (near !== undefined) return void process.kill(near, 'SIGTERM');
    const { spawnfile } = this.#launcher;
    this.#launcher.kill('SIGTERM');
    this.#say(`  no rank is known on ${hostname()}: ${spawnfile} is asked to stop them, perhaps without a checkpoint`);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
