import { describe, expect, it } from 'vitest';
import { isByGpu, layoutOf } from './layouts.js';

describe('a layout of servers and workers', () => {
  it('is that of the original jobs, and a quarter of servers where all nodes are alike', () => {
    expect(layoutOf({ layout: 'talk' }, undefined)).toEqual({ servers: 1, workers: 15 });
    expect(layoutOf({ layout: 'successor' }, 3)).toEqual({ servers: 4, workers: 16 });
    const quarters = [2, 3, 4, 7, 8, 16, 4_228].map((all) => layoutOf({ layout: 'quarter' }, all).servers);
    expect(quarters).toEqual([1, 1, 1, 1, 2, 4, 1_057]);
    for (const all of [2, 5, 16, 1_001]) {
      const { servers = 0, workers = 0 } = layoutOf({ layout: 'quarter' }, all);
      expect(servers + workers).toBe(all);
    }
  });

  it('is changed by numbers, which may also stand alone', () => {
    expect(layoutOf({ layout: 'talk', workers: 3 }, 16)).toEqual({ servers: 1, workers: 3 });
    expect(layoutOf({ layout: 'quarter', servers: 3 }, 16)).toEqual({ servers: 3, workers: 12 });
    expect(layoutOf({ servers: 2 }, 16)).toEqual({ servers: 2 });
    expect(layoutOf({}, 16)).toEqual({});
  });

  it('is asked of hosts or ranks where GPUs decide, unless a number does', () => {
    expect(isByGpu({ layout: 'by-gpu' })).toBe(true);
    expect([isByGpu({ layout: 'by-gpu', servers: 3 }), isByGpu({ layout: 'quarter' })]).toEqual([false, false]);
    expect(layoutOf({ layout: 'by-gpu', servers: 3 }, 16)).toEqual({ servers: 3, workers: 12 });
  });
});
