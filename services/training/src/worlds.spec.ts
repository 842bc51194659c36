import { describe, expect, it } from 'vitest';
import { describeWorlds, worldsFrom, type World } from './worlds.js';

const among = (size: number, worlds?: readonly World[]) => ({ ranks: { size }, entry: worlds && { worlds } });

describe('the worlds of a run', () => {
  it('are one where as many go on as before, whenever it was stopped', () => {
    const first = worldsFrom(among(2), 0);
    expect(first).toEqual([{ fromStep: 0, ranks: 2 }]);
    expect(worldsFrom(among(2, first), 0)).toEqual(first);
    expect(worldsFrom(among(2, first), 50)).toEqual(first);
  });

  it('are one more from each step on which others went on, but for what was made anew', () => {
    const scaled = worldsFrom(among(4, worldsFrom(among(2), 0)), 50);
    expect(scaled).toEqual([
      { fromStep: 0, ranks: 2 },
      { fromStep: 50, ranks: 4 },
    ]);
    expect(worldsFrom(among(1, scaled), 40)).toEqual([
      { fromStep: 0, ranks: 2 },
      { fromStep: 40, ranks: 1 },
    ]);
    // An entry from before they were kept.
    expect(worldsFrom(among(1, []), 40)).toEqual([{ fromStep: 40, ranks: 1 }]);
  });

  it('say who kept the variables, and so in words', () => {
    const member = { workers: 3, servers: 2 };
    const worlds = worldsFrom({ ...among(1, worldsFrom(among(2), 0)), member }, 120);
    expect(worlds.at(-1)).toEqual({ fromStep: 120, ranks: 3, servers: 2 });
    expect(describeWorlds(worlds)).toBe('2; 3 workers of 2 servers from step 120 on');
    expect(describeWorlds([{ fromStep: 0, ranks: 1, servers: 1 }])).toBe('1 worker of 1 server');
  });
});
