import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCodeFacts } from './index.js';

/** One row of the table in docs/errors.md. */
interface Row {
  readonly again: string;
  readonly status: number;
  readonly meaning: string;
  readonly advice: string;
}

function documentedCodes(): Map<string, Row> {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| `([A-Z_]+)` *\| (\w+) *\| (\d+) *\| (.+?) *\| (.+?) *\|$/gmu);
  return new Map(
    [...rows].map(([, code, again, status, meaning, advice]) => [
      code as string,
      { again: again as string, status: Number(status), meaning: meaning as string, advice: advice as string },
    ]),
  );
}

describe('docs/errors.md', () => {
  const documented = documentedCodes();
  const table = Object.entries(ERROR_CODES) as [string, ErrorCodeFacts][];

  it.each(table)('explains %s as the table of codes has it', (code, facts) => {
    const row = documented.get(code);
    expect(row).toMatchObject({
      again: facts.retryable ? 'yes' : 'no',
      status: facts.httpStatus,
      meaning: facts.meaning,
    });
    expect(row?.advice.length).toBeGreaterThan(5);
  });

  it('explains no code that is not in the table', () => {
    expect([...documented.keys()].filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
