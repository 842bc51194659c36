/** A value that changes, for one reader who wants to know the newest and can skip those between. */
export class Latest<T> {
  #unread: { readonly value: T } | undefined;
  #wake: (() => void) | undefined;

  /** Replaces the value, read or not. */
  set(value: T): void {
    this.#unread = { value };
    this.#wake?.();
  }

  /** Waits for a value not read yet; undefined when `timeoutMs` pass, or `signal` is aborted, without one. */
  async next(timeoutMs: number, signal?: AbortSignal): Promise<{ readonly value: T } | undefined> {
    if (!this.#unread && !signal?.aborted) await this.#change(timeoutMs, signal);
    const unread = this.#unread;
    this.#unread = undefined;
    return unread;
  }

  async #change(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let wake: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      this.#wake = resolve;
      timer = setTimeout(resolve, timeoutMs);
      signal?.addEventListener('abort', resolve as () => void, { once: true });
    });
    clearTimeout(timer);
    this.#wake = undefined;
    if (wake) signal?.removeEventListener('abort', wake);
  }
}
