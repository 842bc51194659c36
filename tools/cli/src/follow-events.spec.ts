import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MemoryStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followEvents } from './follow-events.js';

const FIRST = 'runs/r/checkpoint_dir/train/events.out.tfevents.1.h';
const LATER = 'runs/r/checkpoint_dir/validation/events.out.tfevents.2.h';

describe('following the event files of a store', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('brings what is there, then what has grown or come, and nothing else', async () => {
    const store = new MemoryStore();
    const directory = await temporaryDirectory();
    const textOf = (key: string): Promise<string> => readFile(join(directory, key), 'utf8');
    await store.put(FIRST, 'one');
    await store.put('runs/r/checkpoint_dir/model.ckpt-1.index', 'weights');
    await store.put('runs/other/checkpoint_dir/train/events.out.tfevents.1.h', 'of another run');
    const stop = await followEvents(store, 'runs/r/', directory);
    expect(await textOf(FIRST)).toBe('one');
    await store.put(FIRST, 'one and two');
    await store.put(LATER, 'evaluated');
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(async () => expect(await textOf(LATER)).toBe('evaluated'));
    expect(await textOf(FIRST)).toBe('one and two');
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
