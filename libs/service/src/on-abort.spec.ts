import { describe, expect, it } from 'vitest';
import { onAbort } from './on-abort.js';

describe('acting when a signal is aborted', () => {
  it('is done once, also where it was aborted before', () => {
    let acted = 0;
    const act = (): void => void acted++;
    const controller = new AbortController();
    onAbort(controller.signal, act)();
    controller.abort();
    expect(acted).toBe(0);
    onAbort(controller.signal, act);
    expect(acted).toBe(1);
    const other = new AbortController();
    onAbort(other.signal, act);
    other.abort();
    other.abort();
    expect(acted).toBe(2);
  });
});
