/** Memory that is free, and kept by the C library all the same. */
import { toCodedError } from '@bluewaters/errors';
import { callAsync, native } from './native.js';

const EVERY_MS = 100;

/**
 * Gives memory that nobody uses back to the system, again and again while something is done. Of use for the first run of a
 * large graph: TensorFlow optimises copies of the graph before it, and glibc keeps what they took (130 MB for the step of
 * ResNet-50) where tensors, which have an allocator of their own, cannot be. Only does what it is given where the C
 * library is not glibc.
 *
 * @param work Whatever takes a while without this thread.
 * @returns What `work` gives.
 */
export async function givingMemoryBack<Result>(work: () => Promise<Result>): Promise<Result> {
  const trim = findTrim();
  if (!trim) return work();
  let trimming: Promise<unknown> | undefined;
  const give = (): void => {
    trimming ??= callAsync(trim, 0).finally(() => (trimming = undefined));
  };
  const timer = setInterval(give, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await trimming;
    await callAsync(trim, 0);
  }
}

function findTrim() {
  try {
    return native().malloc_trim;
  } catch (error) {
    if (toCodedError(error).code === 'TENSORFLOW_MISSING') return undefined;
    throw error;
  }
}
