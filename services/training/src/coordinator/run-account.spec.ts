import { CodedError } from '@bluewaters/errors';
import type { CoordinatedRun, RankFigures, RankRole } from '@bluewaters/messages';
import { beforeEach, describe, expect, it } from 'vitest';
import { RunAccount } from './run-account.js';

const TIMES = { missingAfter: 30_000, silentAfter: 15_000, lostAfter: 60_000 };
const LAUNCHER = { host: 'login1', pid: 7 };

let now: number;
let phases: string[];
let account: RunAccount;

function open(known?: CoordinatedRun): RunAccount {
  const changed = ({ phase }: CoordinatedRun): void => void phases.push(phase);
  return new RunAccount('cifar', { known, now, times: TIMES, changed });
}

function ask(ranks: number, ended?: { generation: number; outcome: 'done' | 'stopped' | 'failed' | 'lost' }) {
  return account.ask({ run: 'cifar', launcher: LAUNCHER, ranks, ends: false, ...(ended && { ended }) }, now);
}

function beat(
  generation: number,
  rank: number,
  { ranks = 4, figures = {}, role }: { ranks?: number; figures?: Partial<RankFigures>; role?: RankRole } = {},
) {
  const seconds = { input: 0, compute: 0.1, reduce: 0 };
  const all = { step: 1, epoch: 0, batch: 32, imagesPerSecond: 10, seconds, ...figures };
  const who = { run: 'cifar', generation, rank, ranks, host: `nid${rank % 2}`, pid: 100 + rank };
  return account.beat({ ...who, ...(role && { role }), figures: all }, now).order;
}

function allBeat(generation: number, ranks = 4): string[] {
  return Array.from({ length: ranks }, (_, rank) => beat(generation, rank, { ranks }));
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error);
  }
  return 'none';
}

beforeEach(() => {
  now = 1_000_000;
  phases = [];
  account = open();
});

describe('the account of a run', () => {
  it('launches a generation, which runs once all its ranks have come, and is done when its launcher says so', () => {
    expect(ask(4)).toEqual({ next: 'launch', generation: 1, ranks: 4 });
    expect([0, 1, 2].map((rank) => beat(1, rank))).toEqual(['go on', 'go on', 'go on']);
    expect(account.record(now)).toMatchObject({ phase: 'launching', arrived: 3, hosts: 2 });
    beat(1, 3);
    expect(account.record(now)).toMatchObject({ phase: 'running', arrived: 4, figures: { step: 1 } });
    expect(ask(4, { generation: 1, outcome: 'done' })).toEqual({ next: 'end', phase: 'done' });
    expect(phases).toEqual(['launching', 'running', 'done']);
  });

  it('launches the next generation when one is lost, and refuses ranks of the one before', () => {
    ask(4);
    allBeat(1);
    expect(ask(4, { generation: 1, outcome: 'lost' })).toEqual({ next: 'launch', generation: 2, ranks: 4 });
    expect(codeOf(() => beat(1, 2))).toBe('GENERATION_OVER');
    expect(beat(2, 2)).toBe('go on');
    expect(phases).toEqual(['launching', 'running', 'lost', 'launching']);
  });

  it('names the ranks that have not come, those that fell silent, and the one that others wait for', () => {
    ask(4);
    beat(1, 0);
    beat(1, 2);
    expect(account.record(now)).toMatchObject({ missing: [], silent: [] });
    now += 31_000;
    beat(1, 2, { figures: { seconds: { input: 0.1, compute: 0.2, reduce: 0 } } });
    expect(account.record(now)).toMatchObject({ missing: [1, 3], silent: [0] });
    expect(account.record(now).slowest).toEqual({ rank: 2, host: 'nid0', times: 3 });
  });

  it('says who does what where ranks have roles, takes its figures from the chief, and lets workers alone be scaled', () => {
    const roles = ['server', 'chief', 'worker', 'bystander'] as const;
    ask(4);
    for (const rank of [1, 0, 2, 3]) beat(1, rank, { role: roles[rank]!, figures: { step: 10 + rank } });
    expect(account.record(now)).toMatchObject({
      ...{ phase: 'running', figures: { step: 11 } },
      roles: roles.map((role, rank) => ({ role, count: 1, ranks: [rank], hosts: [`nid${rank % 2}`] })),
    });
    expect(account.curve.points.map(({ step }) => step)).toEqual([11]);
    expect(account.attendance.cells(0, 4, now).map(({ role }) => role)).toEqual(roles);
    expect(codeOf(() => account.steer({ run: 'cifar', order: 'scale', ranks: 1 }, now))).toBe('ORDER_REFUSED');
    expect(account.steer({ run: 'cifar', order: 'scale', ranks: 9 }, now)).toMatchObject({ scaleTo: 9 });
  });

  it('counts a generation of which nobody was heard for a minute as lost', () => {
    ask(4);
    allBeat(1);
    now += 59_000;
    account.look(now);
    expect(account.record(now).phase).toBe('running');
    now += 1_000;
    account.look(now);
    expect(account.record(now)).toMatchObject({ phase: 'lost', reason: 'none of its ranks was heard of for 60 s' });
  });

  it('does not take for silence what could not be heard', () => {
    ask(4);
    allBeat(1);
    now += 100_000;
    account.attendance.excuse(now);
    account.look(now);
    expect(account.record(now)).toMatchObject({ phase: 'running', silent: [] });
  });

  it('stops every rank on an order, and lets who launched them end', () => {
    ask(4);
    allBeat(1);
    expect(account.steer({ run: 'cifar', order: 'stop' }, now).phase).toBe('ending');
    expect(allBeat(1)).toEqual(['stop', 'stop', 'stop', 'stop']);
    expect(ask(4, { generation: 1, outcome: 'stopped' })).toEqual({ next: 'end', phase: 'stopped' });
  });

  it('lets who launched the ranks wait while the run is paused, and launch them when it is resumed', () => {
    ask(4);
    allBeat(1);
    account.steer({ run: 'cifar', order: 'pause' }, now);
    const ended = { generation: 1, outcome: 'stopped' } as const;
    expect([ask(4, ended), ask(4, ended)]).toEqual([{ next: 'wait' }, { next: 'wait' }]);
    account.steer({ run: 'cifar', order: 'resume' }, now);
    expect(ask(4, ended)).toEqual({ next: 'launch', generation: 2, ranks: 4 });
    expect(allBeat(2)).toEqual(['go on', 'go on', 'go on', 'go on']);
    expect(phases).toEqual(['launching', 'running', 'ending', 'paused', 'launching', 'running']);
  });

  it('ends a paused run on an order to stop', () => {
    ask(4);
    account.steer({ run: 'cifar', order: 'pause' }, now);
    const ended = { generation: 1, outcome: 'stopped' } as const;
    ask(4, ended);
    account.steer({ run: 'cifar', order: 'stop' }, now);
    expect(ask(4, ended)).toEqual({ next: 'end', phase: 'stopped' });
  });

  it('goes on with another number of ranks on an order to scale', () => {
    ask(4);
    allBeat(1);
    expect(codeOf(() => account.steer({ run: 'cifar', order: 'scale', ranks: 4 }, now))).toBe('ORDER_REFUSED');
    expect(codeOf(() => account.steer({ run: 'cifar', order: 'scale', ranks: 3 }, now))).toBe('ORDER_REFUSED');
    account.steer({ run: 'cifar', order: 'scale', ranks: 2 }, now);
    expect(beat(1, 3)).toBe('stop');
    expect(ask(4, { generation: 1, outcome: 'stopped' })).toEqual({ next: 'launch', generation: 2, ranks: 2 });
    expect(allBeat(2, 2)).toEqual(['go on', 'go on']);
    expect(account.record(now)).toMatchObject({ phase: 'running', ranks: 2 });
  });

  it('refuses orders that do not fit', () => {
    const refusals = (['stop', 'pause', 'resume'] as const).map((order) =>
      codeOf(() => account.steer({ run: 'cifar', order }, now)),
    );
    expect(refusals).toEqual(['ORDER_REFUSED', 'ORDER_REFUSED', 'ORDER_REFUSED']);
    ask(4);
    expect(codeOf(() => account.steer({ run: 'cifar', order: 'resume' }, now))).toBe('ORDER_REFUSED');
  });

  it('launches nothing for one that only says how its last generation ended', () => {
    ask(4);
    allBeat(1);
    const ended = { generation: 1, outcome: 'lost', reason: 'rank 2 was lost' } as const;
    expect(account.ask({ run: 'cifar', launcher: LAUNCHER, ranks: 4, ended, ends: true }, now)).toEqual({
      next: 'end',
      phase: 'lost',
    });
    expect(account.record(now)).toMatchObject({ phase: 'lost', reason: 'rank 2 was lost', generation: 1 });
  });

  it('lets a second launcher wait while ranks of the first live', () => {
    ask(4);
    allBeat(1);
    expect(ask(4)).toEqual({ next: 'wait' });
    now += 16_000;
    expect(ask(4)).toEqual({ next: 'launch', generation: 2, ranks: 4 });
  });

  it('believes ranks of a generation that was launched while it could not be reached', () => {
    ask(4);
    expect(beat(3, 0, { ranks: 2 })).toBe('go on');
    beat(3, 1, { ranks: 2 });
    expect(account.record(now)).toMatchObject({ generation: 3, ranks: 2, phase: 'running' });
    expect(codeOf(() => beat(1, 0))).toBe('GENERATION_OVER');
  });

  it('goes on from what another coordinator knew', () => {
    ask(4);
    allBeat(1);
    account.steer({ run: 'cifar', order: 'pause' }, now);
    account = open(account.record(now));
    expect(beat(1, 0)).toBe('stop');
    expect(ask(4, { generation: 1, outcome: 'stopped' })).toEqual({ next: 'wait' });
  });

  it('draws a curve of bounded size over a run of any length', () => {
    ask(1);
    for (let step = 0; step <= 20_000; step += 1) beat(1, 0, { ranks: 1, figures: { step, loss: step } });
    const { points } = account.curve;
    expect(points.length).toBeGreaterThan(190);
    expect(points.length).toBeLessThanOrEqual(400);
    const steps = points.map(({ step }) => step);
    expect([steps[0], steps.at(-1)! > 19_800]).toEqual([0, true]);
    const gaps = new Set(steps.slice(1).map((step, n) => step - (steps[n] ?? 0)));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * Math.min(...gaps));
    expect(points.every(({ step, loss }) => step === loss)).toBe(true);
  });

  describe('of a run that is submitted', () => {
    const submission = { ranks: 4, command: ['train', '--dataset', 'cifar10'] };
    const submit = (): CoordinatedRun => account.submit(submission, now);
    const admit = (ranks: number) => account.admit({ launcher: LAUNCHER, ranks }, now);

    it('gives it to one launcher that has room, who launches it as any other', () => {
      expect(submit()).toMatchObject({ phase: 'submitted', ranks: 4, arrived: 0, submission });
      expect([admit(3), admit(4), admit(4)]).toEqual([undefined, submission, undefined]);
      ask(4);
      allBeat(1);
      expect(account.record(now)).toMatchObject({ phase: 'running', launcher: LAUNCHER, submission });
      expect(ask(4, { generation: 1, outcome: 'done' })).toEqual({ next: 'end', phase: 'done' });
      expect(phases).toEqual(['submitted', 'admitted', 'launching', 'running', 'done']);
      expect(account.record(now)).not.toHaveProperty('submission');
    });

    it('lets it wait again when its launcher falls silent, before it began as well as later', () => {
      submit();
      admit(4);
      now += TIMES.lostAfter;
      account.look(now);
      expect(account.record(now)).toMatchObject({
        phase: 'submitted',
        reason: expect.stringContaining('60 s') as string,
      });
      admit(8);
      ask(4);
      allBeat(1);
      now += TIMES.lostAfter;
      account.look(now);
      expect(phases.slice(3)).toEqual(['admitted', 'launching', 'running', 'lost', 'submitted']);
      expect(admit(4)).toEqual(submission);
    });

    it('lets it wait again when its launcher had to go, but not when a person stopped it', () => {
      submit();
      admit(4);
      ask(4);
      allBeat(1);
      expect(ask(4, { generation: 1, outcome: 'stopped' })).toEqual({ next: 'end', phase: 'submitted' });
      admit(4);
      expect(ask(4)).toEqual({ next: 'launch', generation: 2, ranks: 4 });
      allBeat(2);
      account.steer({ run: 'cifar', order: 'stop' }, now);
      expect(ask(4, { generation: 2, outcome: 'stopped' })).toEqual({ next: 'end', phase: 'stopped' });
      expect(admit(4)).toBeUndefined();
      expect(submit().phase).toBe('submitted');
      expect(account.steer({ run: 'cifar', order: 'stop' }, now).phase).toBe('stopped');
    });

    it('does not give it away again when it cannot be launched, or was lost too often', () => {
      submit();
      admit(4);
      account.notLaunched('no dataset cifar10', now);
      expect(account.record(now)).toMatchObject({ phase: 'failed', reason: 'no dataset cifar10' });
      submit();
      admit(4);
      ask(4);
      allBeat(1);
      const ended = { generation: 1, outcome: 'lost' } as const;
      account.ask({ run: 'cifar', launcher: LAUNCHER, ranks: 4, ends: true, ended }, now);
      now += TIMES.lostAfter;
      account.look(now);
      expect([account.record(now).phase, admit(4)]).toEqual(['lost', undefined]);
    });

    it('refuses to take it while it waits or is under way', () => {
      submit();
      expect(codeOf(submit)).toBe('ORDER_REFUSED');
      admit(4);
      expect(codeOf(submit)).toBe('ORDER_REFUSED');
      ask(4);
      expect(codeOf(submit)).toBe('ORDER_REFUSED');
    });
  });
});
