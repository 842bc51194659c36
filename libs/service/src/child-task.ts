/** One task in a process of its own, so that an abort inside TensorFlow takes nothing else along. */
import { CodedError, deserializeError, toCodedError, type SerializedError } from '@bluewaters/errors';
import { forkChild } from './child.js';
import { onAbort } from './on-abort.js';

/** What the child tells its parent: any number of reports, then one of the others. */
type Word = { readonly report: unknown } | { readonly result: unknown } | { readonly error: SerializedError };

/** How a parent follows a task. */
export interface ChildTaskOptions<Report> {
  /** Told as it happens. */
  readonly onReport: (report: Report) => void;
  /** Aborted to end the task. */
  readonly signal: AbortSignal;
}

/**
 * Runs a built module that calls {@link serveChildTask}, and resolves to what its task resolved to.
 *
 * @param modulePath From `builtModule`.
 * @param task Goes to the child as JSON.
 * @throws {CodedError} What the task failed with; INTERRUPTED when `signal` ended it; PROCESS_DIED when it said nothing.
 */
export async function runChildTask<Result, Report>(
  modulePath: string,
  task: unknown,
  { onReport, signal }: ChildTaskOptions<Report>,
): Promise<Result> {
  let last: Exclude<Word, { report: unknown }> | undefined;
  let died: CodedError | undefined;
  const child = forkChild(modulePath, { args: [JSON.stringify(task)], onExit: (error) => (died = error) });
  child.process.on('message', (message) => {
    const word = message as Word;
    if ('report' in word) onReport(word.report as Report);
    else last = word;
  });
  const stopHeeding = onAbort(signal, () => void child.stop());
  await child.exited;
  stopHeeding();
  if (signal.aborted) throw new CodedError('INTERRUPTED', 'The work was stopped');
  if (last && 'result' in last) return last.result as Result;
  throw last
    ? deserializeError(last.error)
    : (died ?? new CodedError('PROCESS_DIED', 'A process ended without a word'));
}

/** The child's side: does the task that the parent gave, tells how it ended, and ends the process. */
export async function serveChildTask<Task, Report>(
  work: (task: Task, report: (report: Report) => void) => Promise<unknown>,
): Promise<never> {
  const tell = (word: Word): Promise<void> =>
    new Promise((resolve) => {
      if (process.send) process.send(word, undefined, undefined, () => resolve());
      else resolve();
    });
  try {
    const task = JSON.parse(process.argv[2] ?? '') as Task;
    await tell({ result: await work(task, (report) => void tell({ report })) });
  } catch (error) {
    await tell({ error: toCodedError(error).toJSON() });
  }
  // Threads of native libraries would keep the process.
  process.exit();
}
