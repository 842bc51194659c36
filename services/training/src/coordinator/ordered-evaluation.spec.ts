import type { CoordinatedRun, GenerationEnd, OrderedEvaluation } from '@bluewaters/messages';
import { beforeEach, describe, expect, it } from 'vitest';
import { RunAccount } from './run-account.js';

const NOW = 1_000_000;
const RUN = { run: 'cifar', ranks: 2 };
const FIGURES = { step: 7, epoch: 0, batch: 32, imagesPerSecond: 10, seconds: { input: 0, compute: 1, reduce: 0 } };
const times = { missingAfter: 30_000, silentAfter: 15_000, lostAfter: 60_000 };

describe('an order to evaluate a run', () => {
  let account: RunAccount;

  const open = (known?: CoordinatedRun) => new RunAccount('cifar', { known, now: NOW, times, changed: () => {} });
  const order = () => account.steer({ run: 'cifar', order: 'evaluate' }, NOW).evaluate;
  const launch = (ended?: GenerationEnd) => {
    return account.ask({ ...RUN, launcher: { host: 'login1', pid: 7 }, ends: false, ...(ended && { ended }) }, NOW);
  };
  const beat = (generation: number, rank: number, evaluated?: OrderedEvaluation) => {
    const figures = { ...FIGURES, ...(evaluated && { evaluated }) };
    return account.beat({ ...RUN, generation, rank, host: 'nid1', pid: 100 + rank, figures }, NOW);
  };

  beforeEach(() => {
    account = open();
  });

  it('is handed to the rank that leads until that has followed it, and what came of it is shown', () => {
    launch();
    const ordered = order() as number;
    expect([0, 1].map((rank) => beat(1, rank))).toEqual([{ order: 'go on', evaluate: ordered }, { order: 'go on' }]);
    const found = { ordered, step: 7, evaluation: { examples: 10, top1: 0.5, top5: 1, loss: 0.7 } };
    // What was found for an order before is no answer to this one.
    expect(beat(1, 0, { ...found, ordered: ordered - 1 }).evaluate).toBe(ordered);
    expect(beat(1, 0, found)).toEqual({ order: 'go on' });
    expect(account.record(NOW)).toMatchObject({ phase: 'running', figures: { evaluated: found } });
    expect(account.record(NOW)).not.toHaveProperty('evaluate');
  });

  it('is kept for the next generation, and for another coordinator, but not beyond the end of the run', () => {
    launch();
    const ordered = order();
    launch({ generation: 1, outcome: 'lost' });
    expect(beat(2, 0).evaluate).toBe(ordered);
    account = open(account.record(NOW));
    expect(beat(2, 0).evaluate).toBe(ordered);
    expect(beat(3, 0).evaluate).toBe(ordered);
    launch({ generation: 3, outcome: 'done' });
    expect(account.record(NOW)).not.toHaveProperty('evaluate');
  });

  it('is refused where no steps are made', () => {
    const refusal = expect.objectContaining({ code: 'ORDER_REFUSED' });
    expect(order).toThrow(refusal);
    launch();
    account.steer({ run: 'cifar', order: 'pause' }, NOW);
    expect(order).toThrow(refusal);
  });
});
