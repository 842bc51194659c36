import { describe, expect, it } from 'vitest';
import { lastLine, resultsOf, slowest, strictly } from './tally.mjs';

type Outcome = 'passed' | 'failed' | 'skipped';

const result = (outcome: Outcome, more: { ms?: number; excused?: boolean } = {}) => ({
  title: `a test that ${outcome}`,
  ms: 0,
  outcome,
  ...more,
});

describe('the last line', () => {
  it('counts what passed and failed, alone on the line', () => {
    expect(lastLine([result('passed'), result('failed'), result('passed')])).toBe('2 passed, 1 failed');
    expect(lastLine([])).toBe('0 passed, 0 failed');
  });

  it('names skipped tests only when there are some', () => {
    expect(lastLine([result('passed'), result('skipped')])).toBe('1 passed, 0 failed, 1 skipped');
  });

  it('counts a skipped test as failed when the run is strict, but not one that no machine is asked for', () => {
    const results = [result('passed'), result('skipped'), result('skipped', { excused: true })];
    expect(lastLine(strictly(results))).toBe('1 passed, 1 failed, 1 skipped');
  });
});

describe('results of a vitest report', () => {
  const file = (status: string, tests: { fullName: string; status: string; duration?: number }[]) => ({
    name: 'a.spec.ts',
    status,
    assertionResults: tests,
  });
  const outcomes = (files: ReturnType<typeof file>[]) => resultsOf({ testResults: files }).map((one) => one.outcome);

  it('take over what each test came to, and skipped tests under all their names', () => {
    const tests = ['passed', 'failed', 'pending', 'skipped', 'todo'].map((status) => ({ fullName: status, status }));
    expect(outcomes([file('failed', tests)])).toEqual(['passed', 'failed', 'skipped', 'skipped', 'skipped']);
  });

  it('hold one failed result for a file that could not be loaded', () => {
    expect(outcomes([file('failed', [])])).toEqual(['failed']);
    expect(outcomes([file('failed', [{ fullName: 'one', status: 'passed' }])])).toEqual(['passed', 'failed']);
  });

  it('hold nothing for a file without tests', () => {
    expect(outcomes([file('passed', [])])).toEqual([]);
  });
});

describe('the slowest tests', () => {
  it('come slowest first, without those that did not run', () => {
    const results = [1, 30, 0, 20].map((ms) => result('passed', { ms }));
    expect(slowest(results, 2).map((one) => one.ms)).toEqual([30, 20]);
    expect(slowest(results, 9)).toHaveLength(3);
  });
});
