/** The child process of {@link runIsolated}: takes one request, answers, ends. It never outlives its parent. */
import { toCodedError, type SerializedError } from '@bluewaters/errors';

/** What the process says before it ends. */
export type IsolatedAnswer = { readonly result: unknown } | { readonly error: SerializedError };

type Work = (request: unknown) => unknown;

/** The exit does not wait for native calls that hang, as `process.exit` would. */
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

process.once('message', ({ request }: { request: unknown }) => {
  void answerTo(request).then((answer) => process.send?.(answer, undefined, undefined, () => process.exit(0)));
});

async function answerTo(request: unknown): Promise<IsolatedAnswer> {
  try {
    const { default: work } = (await import(process.argv[2] ?? '')) as { default: Work };
    return { result: await work(request) };
  } catch (error) {
    return { error: toCodedError(error).toJSON() };
  }
}
