import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const FILE = fileURLToPath(new URL('../front-ends.bats', import.meta.url));
const titles = [...readFileSync(FILE, 'utf8').matchAll(/^@test "(.*)" \{$/gmu)].map(([, title = '']) => title);

/** What bats says of each test: `ok`, or `not ok` with what it says of that. */
let said: string;

beforeAll(async () => {
  // It ends with 1 where a test failed, and says the same.
  said = await new Promise((resolve) => {
    execFile('bats', ['--tap', FILE], (error, stdout, stderr) => resolve(stdout || `${stderr}${error?.message ?? ''}`));
  });
}, 60_000);

describe('front ends, as bats tests them:', () => {
  it('all of them', () => {
    expect(titles.length).toBeGreaterThan(5);
    expect(said).toMatch(new RegExp(`^1\\.\\.${titles.length}$`, 'mu'));
  });

  it.each(titles)('%s', (title) => {
    // With the lines that follow it, which say why.
    const [own] = said.split(/^(?=(?:ok|not ok) )/mu).filter((text) => text.split('\n')[0]?.endsWith(` ${title}`));
    expect(own).toMatch(/^ok \d+ /u);
  });
});
