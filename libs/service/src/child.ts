import { CodedError } from '@bluewaters/errors';
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { builtModule } from './built-module.js';

/** How a child process is started. */
export interface ForkOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Whether it makes few JavaScript objects a second: it then takes 35 MB less, as {@link FEW_OBJECTS} tells Node. */
  readonly fewObjects?: boolean;
  /** Told once: undefined after exit code 0 or `stop`, else PROCESS_DIED with the last lines of its stderr. */
  readonly onExit?: (error: CodedError | undefined) => void;
  /** Each line that the child writes to stdout or stderr. */
  readonly onLine?: (line: string) => void;
}

/** A child process that never outlives this one. */
export interface ForkedChild {
  /** For messages and the parent-child bus; structured clones, so that bytes travel as bytes. */
  readonly process: ChildProcess;
  /** Resolves when the process is gone and its output is read. */
  readonly exited: Promise<void>;
  /** SIGTERM, and SIGKILL after `graceMs` (default 5,000); resolves when the process is gone. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Settings that TensorFlow and Node read before any of our code runs; the user's own environment goes before them.
 * The thread pool is shared by native TensorFlow calls, files and DNS: Node's four threads starve the latter.
 */
const CHILD_ENVIRONMENT = { UV_THREADPOOL_SIZE: '16', TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '2' };

/** Node's own arguments for a child that has a message channel and is not to outlive its parent. */
export function boundToParent(): string[] {
  return ['--require', builtModule(new URL('./exit-with-parent.cjs', import.meta.url))];
}

/**
 * Node's own argument for a process whose work is done by native code. V8 lets new objects take 48 MB before it looks which
 * of them are still of use, all of which is resident after a while; with 3 MB it looks more often.
 */
export const FEW_OBJECTS = '--max-semi-space-size=1';

const KEPT_LINES = 20;
const DEFAULT_GRACE_MS = 5_000;

/**
 * Starts a built module as a child process with a message channel.
 *
 * @param modulePath From {@link builtModule}. The module ends when it has nothing left to do or to listen for.
 */
export function forkChild(modulePath: string, options: ForkOptions = {}): ForkedChild {
  const child = fork(modulePath, [...(options.args ?? [])], {
    env: { ...CHILD_ENVIRONMENT, ...process.env, ...options.env },
    execArgv: [...boundToParent(), ...(options.fewObjects ? [FEW_OBJECTS] : [])],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stopping = false;
  const lastLines = keepLastLines(child, options.onLine);
  const exited = exitOf(child).then((ending) => {
    const failed = !stopping && ending !== 'exit code 0';
    options.onExit?.(failed ? died(modulePath, ending, lastLines) : undefined);
  });
  const stop = (graceMs = DEFAULT_GRACE_MS): Promise<void> => {
    stopping = true;
    return endProcess(child, exited, graceMs);
  };
  return { process: child, exited, stop };
}

/** `close` comes after `exit`, once all output is read; a process that never started gives only `error`. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}

function keepLastLines(child: ChildProcess, onLine: ForkOptions['onLine']): readonly string[] {
  const lines: string[] = [];
  const take = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    onLine?.(line);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', take);
  }
  return lines;
}

async function endProcess(child: ChildProcess, exited: Promise<void>, graceMs: number): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

function died(modulePath: string, ending: string, lastLines: readonly string[]): CodedError {
  const said = lastLines.length === 0 ? '' : `; it last wrote:\n${lastLines.join('\n')}`;
  return new CodedError('PROCESS_DIED', `The child process ${modulePath} ended by ${ending}${said}`);
}
