/** Work in a process of its own: what TensorFlow cannot refuse but by ending the process ends that one. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CodedError, deserializeError } from '@bluewaters/errors';
import type { IsolatedAnswer } from './isolated-process.js';

/** How isolated work goes. */
export interface IsolatedOptions {
  /** What is being done, for the error: "adds 'SpaceToDepth'". By default the module's file is named. */
  readonly doing?: string;
  /** The process is killed when it takes longer, in milliseconds; by default it may take for ever. */
  readonly timeoutMs?: number;
}

interface Ending {
  readonly answer: IsolatedAnswer | undefined;
  /** 'SIGABRT', 'exit code 3'. */
  readonly ending: string;
  readonly lastWritten: string;
}

/** What a process wrote last to stderr and is kept for the error, in characters: TensorFlow's assertion and a trace. */
const KEPT_CHARACTERS = 4_000;

/** From sources, too, the process runs what was built. */
const PROCESS_MODULE = fileURLToPath(new URL('./isolated-process.js', import.meta.url)).replace(
  /\/src\/([^/]+)$/,
  '/dist/$1',
);

/**
 * Runs the default export of a module in a child process and gives what it returned. TensorFlow ends the process on
 * some malformed operations, attributes and values: whoever adds operations by name that are not known to be sound,
 * such as those of somebody else's graph, adds and runs them there.
 *
 * @param module A JavaScript module, `new URL('./work.js', import.meta.url)`, whose default export takes the request
 * and returns a result or a promise of it.
 * @param request Anything that a structured clone carries: plain values, typed arrays, bytes; no graphs or tensors.
 * @throws {CodedError} What the module threw, with INTERNAL for what had no code; PROCESS_DIED with the signal and what
 * was last written to stderr when the process ended without an answer; TIMED_OUT.
 */
export async function runIsolated<Request, Result>(
  module: URL,
  request: Request,
  options: IsolatedOptions = {},
): Promise<Result> {
  const { doing = `runs ${fileURLToPath(module)}`, timeoutMs } = options;
  const child = fork(PROCESS_MODULE, [module.href], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let late = false;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => (late = child.kill('SIGKILL')), timeoutMs);
  const ended = endOf(child);
  // A process that is gone before it could read says so by its end.
  child.send({ request }, () => undefined);
  const { answer, ending, lastWritten } = await ended;
  clearTimeout(timer);
  if (answer && 'result' in answer) return answer.result as Result;
  if (answer) throw deserializeError(answer.error);
  if (late) throw new CodedError('TIMED_OUT', `the process that ${doing} took more than ${timeoutMs} ms`);
  throw new CodedError('PROCESS_DIED', `the process that ${doing} ended by ${ending}; it last wrote:\n${lastWritten}`, {
    details: { got: ending },
  });
}

function endOf(child: ChildProcess): Promise<Ending> {
  let answer: IsolatedAnswer | undefined;
  let lastWritten = '';
  child.on('message', (message) => (answer = message as IsolatedAnswer));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWritten = (lastWritten + text).slice(-KEPT_CHARACTERS);
  });
  return new Promise((resolve) => {
    const end = (ending: string): void => resolve({ answer, ending, lastWritten: lastWritten.trim() });
    child.once('close', (code, signal) => end(signal ?? `exit code ${code}`));
    child.on('error', (error) => {
      if (child.pid === undefined) end(error.message);
    });
  });
}
