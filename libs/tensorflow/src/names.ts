/** Names of operations and scopes within one graph. */

/**
 * Hands out names that are unique in a graph, as Python does: 'conv', 'conv_1', 'conv_2'. Case does not tell names
 * apart, because files and folders made from them may meet a file system that ignores it.
 */
export class NameRegistry {
  /** By name in lower case: the number that the next repetition may try first. */
  readonly #next = new Map<string, number>();

  /** Takes `name`, or the first free one that follows it. */
  unique(name: string): string {
    const key = name.toLowerCase();
    let next = this.#next.get(key);
    let candidate = name;
    if (next !== undefined) {
      do candidate = `${name}_${next++}`;
      while (this.#next.has(candidate.toLowerCase()));
      this.#next.set(key, next);
    }
    this.take(candidate);
    return candidate;
  }

  /** Marks a name that came from elsewhere, and the scopes around it: those of a name that is taken are taken too. */
  take(name: string): void {
    let path = name.toLowerCase();
    while (!this.#next.has(path)) {
      this.#next.set(path, 1);
      path = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      if (path === '') return;
    }
  }
}
