/**
 * Acts when a signal is aborted; at once where it is already, which its own event does not tell.
 *
 * @returns Takes it back.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}
