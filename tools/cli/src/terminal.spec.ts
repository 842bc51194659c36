import type { JobRecord } from '@bluewaters/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeProgress, formatRate, formatSeconds, formatTable, openTerminal, type Terminal } from './terminal.js';

type Progress = NonNullable<JobRecord['progress']>;

const record = (progress?: Partial<Progress>, state: JobRecord['state'] = 'running'): JobRecord => ({
  job: 'training-1',
  work: 'training.v2.train',
  state,
  attempt: 1,
  updatedAt: 0,
  ...(progress ? { progress: { phase: 'epoch 1 of 3', done: 0, unit: 'images', ...progress } } : {}),
});

describe('a line of progress', () => {
  it('says phase, share, rate, time left and other figures', () => {
    const progress = { done: 24_000, total: 100_000, ratePerSecond: 4000, figures: { loss: 0.21345, dropped: 1234 } };
    expect(describeProgress(record(progress))).toBe(
      'epoch 1 of 3, 24 %, 4,000 images/s, 19 s left, loss 0.213, dropped 1,234',
    );
  });

  it('counts where the total is not known, and promises no time without a rate', () => {
    expect(describeProgress(record({ done: 12_345 }))).toBe('epoch 1 of 3, 12,345 images');
    expect(describeProgress(record({ done: 50, total: 200 }))).toBe('epoch 1 of 3, 25 %');
    expect(describeProgress(record({ done: 50, total: 200, ratePerSecond: 0 }))).toBe('epoch 1 of 3, 25 %');
  });

  it('is the state of a job that has told nothing yet', () => {
    expect(describeProgress(record(undefined, 'queued'))).toBe('queued');
  });

  it('has bytes as megabytes, and times in the two units that people would say', () => {
    expect(formatRate(81_340_000, 'bytes')).toBe('81.3 MB/s');
    expect([59.4, 200, 7500].map(formatSeconds)).toEqual(['59 s', '3 min 20 s', '2 h 5 min']);
  });
});

let written = '';
function terminal(stream: { isTTY: boolean; columns?: number }): Terminal {
  written = '';
  const write = (text: string): boolean => Boolean((written += text));
  return openTerminal({ ...stream, write } as unknown as NodeJS.WriteStream);
}

describe('a terminal that is a screen', () => {
  it('replaces a line by the next, and ends it with its last word', () => {
    const screen = terminal({ isTTY: true, columns: 80 });
    screen.progress('training', record({ done: 1, total: 4 }));
    screen.progress('training', record({ done: 2, total: 4 }));
    screen.endProgress('  training: done');
    expect(written.split('\r\x1b[K')).toEqual([
      '',
      '  training: epoch 1 of 3, 25 %',
      '  training: epoch 1 of 3, 50 %',
      '  training: done\n',
    ]);
  });

  it('cuts a line to its width: one that wraps could not be replaced', () => {
    terminal({ isTTY: true, columns: 20 }).progress('training', record({ done: 1, total: 4 }));
    expect(written).toBe('\r\x1b[K  training: epoch 1');
  });

  it('shows a note once, above the line', () => {
    const screen = terminal({ isTTY: true, columns: 80 });
    screen.progress('training', record({ notices: ['one'] }));
    screen.progress('training', record({ notices: ['one', 'two'] }));
    const plain = written.replaceAll('\r\x1b[K', '\n').split('\n');
    expect(plain.filter((line) => line.includes('note:'))).toEqual(['  note: one', '  note: two']);
  });
});

describe('a terminal that is no screen', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const lines = (): string[] => written.split('\n').filter(Boolean);

  it('gets whole lines without escape sequences, every few seconds', () => {
    const log = terminal({ isTTY: false });
    for (let done = 0; done < 100; done += 1) {
      log.progress('training', record({ done, total: 100, ratePerSecond: 10 }));
      vi.advanceTimersByTime(100);
    }
    expect(written).not.toMatch(/[\r\x1b]/u); // eslint-disable-line no-control-regex -- they are what is looked for
    expect(lines()).toEqual([
      '  training: epoch 1 of 3, 0 %, 10 images/s, 10 s left',
      '  training: epoch 1 of 3, 51 %, 10 images/s, 5 s left',
    ]);
  });

  it('gets a new phase and the first rate at once, and the next epoch in its time', () => {
    const log = terminal({ isTTY: false });
    log.progress('training', record({ total: 9 }));
    log.progress('training', record({ total: 9, ratePerSecond: 9 }));
    log.progress('training', record({ total: 9, ratePerSecond: 9, phase: 'epoch 2 of 3' }));
    log.progress('training', record({ total: 9, ratePerSecond: 9, phase: 'evaluating' }));
    expect(lines()).toEqual([
      '  training: epoch 1 of 3, 0 %',
      '  training: epoch 1 of 3, 0 %, 9 images/s, 1 s left',
      '  training: evaluating, 0 %, 9 images/s, 1 s left',
    ]);
  });

  it('is not bothered by a job that has told nothing yet', () => {
    terminal({ isTTY: false }).progress('training', record());
    expect(written).toBe('');
  });
});

describe('a table', () => {
  it('has columns as wide as their widest cell, and no space at the end of a line', () => {
    expect(formatTable(['name', 'n'], [['a long name', '1'], ['b']])).toEqual([
      '  name         n',
      '  -----------  -',
      '  a long name  1',
      '  b',
    ]);
  });
});
