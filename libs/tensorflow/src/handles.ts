/**
 * Ownership of native memory. Every pointer that TensorFlow hands out has exactly one {@link Handle}; it is given
 * back once, by hand or by `using`, and counted so that a test can prove that nothing stays behind.
 */
import { CodedError } from '@bluewaters/errors';
import type { Pointer } from './native.js';

/** What a handle stands for. */
export type HandleKind = 'graph' | 'session' | 'tensor' | 'function' | 'status' | 'buffer' | 'options';

const live: Record<HandleKind, number> = {
  graph: 0,
  session: 0,
  tensor: 0,
  function: 0,
  status: 0,
  buffer: 0,
  options: 0,
};

/** How many native handles of each kind are alive in this process now. */
export function liveHandles(): Readonly<Record<HandleKind, number>> {
  return { ...live };
}

/** The owner of one pointer. Giving it back while calls still hold it waits for the last of them. */
export class Handle implements Disposable {
  readonly #kind: HandleKind;
  readonly #pointer: Pointer;
  readonly #release: (pointer: Pointer) => void;
  #holds = 0;
  #disposed = false;

  /** @param release Called once, with the pointer. */
  constructor(kind: HandleKind, pointer: Pointer, release: (pointer: Pointer) => void) {
    this.#kind = kind;
    this.#pointer = pointer;
    this.#release = release;
    live[kind] += 1;
  }

  /** @throws {CodedError} HANDLE_DISPOSED after it was given back. */
  get pointer(): Pointer {
    if (this.#disposed) throw new CodedError('HANDLE_DISPOSED', `this ${this.#kind} was already given back`);
    return this.#pointer;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * Keeps the memory alive through an asynchronous call.
   *
   * @returns Ends the hold; call it exactly once.
   */
  hold(): () => void {
    void this.pointer;
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      this.#releaseIfDone();
    };
  }

  /** Gives the memory back; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#releaseIfDone();
  }

  #releaseIfDone(): void {
    if (!this.#disposed || this.#holds > 0) return;
    live[this.#kind] -= 1;
    this.#release(this.#pointer);
  }
}

/**
 * Hands an owner on once it is ready: when `prepare` throws, what it owns is given back first.
 *
 * @param prepare Fills what was just made.
 */
export function orGiveBack<Owner extends Disposable>(owner: Owner, prepare: (owner: Owner) => void): Owner {
  try {
    prepare(owner);
    return owner;
  } catch (error) {
    owner[Symbol.dispose]();
    throw error;
  }
}

/**
 * Holds several handles through one asynchronous call.
 *
 * @returns Ends all the holds; call it exactly once.
 * @throws {CodedError} HANDLE_DISPOSED when one was given back; none is held then.
 */
export function holdAll(handles: readonly Handle[]): () => void {
  for (const handle of handles) void handle.pointer;
  const ends = handles.map((handle) => handle.hold());
  return () => ends.forEach((end) => end());
}
