import { describe, expect, it } from 'vitest';
import { itKeepsWhatRanksPromise, onAll, runOverMpi } from './ranks.fixture.js';

describe('ranks under mpiexec', { timeout: 120_000 }, () => {
  itKeepsWhatRanksPromise(runOverMpi);

  it('average by hosts to what all at once come to, where hosts have different numbers of them', async () => {
    const { found } = await runOverMpi(4, 'by-hosts');
    const [first] = Object.values(found) as [{ hosts: string[]; means: number[] }];
    expect(found).toEqual(onAll(4, first));
    expect(first.hosts).toEqual(['b', 'a', 'b', 'b']);
    expect(first.means).toEqual(Array.from({ length: 40 }, (_, i) => i + 1.5));
  });

  it('end at once by their launcher when one is killed', async () => {
    const { found, exitCode } = await runOverMpi(3, 'lose', 'KILL');
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });

  it('end together when one of them fails', async () => {
    const { found, exitCode } = await runOverMpi(3, 'end', '5');
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });
});
