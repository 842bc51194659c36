import { Coordinators, InProcessBus } from '@bluewaters/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Leadership } from './leadership.js';

const TERM = 1_000;
const OFFICE = { take: async () => undefined, leave: async () => undefined };

describe('the lead', () => {
  let bus: InProcessBus;
  let first: Leadership;
  let second: Leadership;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    bus = new InProcessBus();
    [first, second] = [new Leadership(bus, OFFICE, TERM), new Leadership(bus, OFFICE, TERM)];
  });

  afterEach(async () => {
    vi.useRealTimers();
    await bus.close();
  });

  const lose = async () => (await bus.state(Coordinators)).delete('leader');
  const pass = (ms: number) => vi.advanceTimersByTime(ms);
  const leading = () => [first.leads, second.leads];

  it('is had at once where nobody had it, and by one alone', async () => {
    await first.renew();
    await second.renew();
    expect(leading()).toEqual([true, false]);
  });

  it('passes to another a term after it was renewed last', async () => {
    await first.renew();
    await second.renew();
    pass(TERM);
    await second.renew();
    expect(leading()).toEqual([true, false]);
    pass(1);
    expect(leading()).toEqual([false, false]);
    await second.renew();
    expect(leading()).toEqual([false, true]);
  });

  it('is not taken within the term of one whose entry was lost, though it was lost before too', async () => {
    await first.renew();
    await second.renew();
    await lose();
    await second.renew(); // makes a new entry
    await first.renew(); // cannot renew the old one
    await lose();
    pass(TERM - 1);
    await first.renew(); // makes a new entry in its turn
    await lose();
    pass(TERM);
    await first.renew(); // finds nothing: it may not lead by what it made before
    expect(leading()).toEqual([false, false]);
    await second.renew();
    pass(TERM);
    await first.renew();
    await second.renew();
    expect(leading()).toEqual([true, false]);
    await lose();
    await second.renew();
    expect(leading()).toEqual([true, false]);
    pass(TERM + 1);
    await second.renew();
    expect(leading()).toEqual([false, true]);
  });

  it('is waited for by one who knows that another came before it, though it never saw the entry', async () => {
    const table = await bus.state(Coordinators);
    vi.spyOn(table, 'get').mockResolvedValueOnce(undefined);
    vi.spyOn(bus, 'state').mockResolvedValue(table);
    await first.renew();
    vi.spyOn(table, 'get').mockResolvedValueOnce(undefined);
    await second.renew(); // loses the race for the first entry
    await lose();
    await second.renew();
    expect(leading()).toEqual([true, false]);
  });
});
