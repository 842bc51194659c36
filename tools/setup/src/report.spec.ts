import { describe, expect, it } from 'vitest';
import { describeRun, statusOf } from './report.mjs';
import { strictly } from './tally.mjs';

const passed = (title: string, ms: number) => ({ title, ms, outcome: 'passed' as const });
const failed = { title: 'a.spec.ts > breaks', ms: 7, outcome: 'failed' as const };
const skipped = { title: 'b.net.spec.ts > asks', ms: 0, outcome: 'skipped' as const, why: 'needs servers' };

/** The lines below a heading. */
function below(heading: string, text: string): string[] {
  const lines = text.split('\n');
  const start = lines.indexOf(heading) + 1;
  return start === 0 ? [] : lines.slice(start, lines.indexOf('', start));
}

describe('the end of a run', () => {
  const many = Array.from({ length: 25 }, (_, n) => passed(`test ${n}`, n + 0.4));

  it('names the slowest 20 tests with their times, slowest first', () => {
    const slowest = below('Slowest tests', describeRun(many));
    expect(slowest).toHaveLength(20);
    expect([slowest[0], slowest[19]]).toEqual(['  24 ms  test 24', '  5 ms  test 5']);
  });

  it('names what did not run, with the reason, and what failed, and counts on the last line', () => {
    const text = describeRun([failed, skipped, ...many]);
    expect(below('Did not run', text)).toEqual(['  b.net.spec.ts > asks: needs servers']);
    expect(below('Failed', text)).toEqual(['  a.spec.ts > breaks']);
    expect(text).toMatch(/\n\n25 passed, 1 failed, 1 skipped\n$/u);
  });

  it('has no heading without lines below it', () => {
    expect(describeRun([passed('one', 3)])).toBe('\nSlowest tests\n  3 ms  one\n\n1 passed, 0 failed\n');
  });

  it('keeps a title with control characters on one line', () => {
    expect(describeRun([passed('two\nlines', 3)])).toContain('  3 ms  two\\nlines\n');
  });

  it('still says in a strict run why the failed did not run', () => {
    const found = [passed('one', 3), skipped];
    const text = describeRun(found, strictly(found));
    expect(below('Did not run', text)).toEqual(['  b.net.spec.ts > asks: needs servers']);
    expect(below('Failed', text)).toEqual(['  b.net.spec.ts > asks']);
  });
});

describe('the exit status of a run', () => {
  it('is 0 exactly when nothing failed and something ran', () => {
    expect(statusOf([passed('one', 3), skipped])).toBe(0);
    expect([statusOf([passed('one', 3), failed]), statusOf([skipped]), statusOf([])]).toEqual([1, 1, 1]);
  });
});
