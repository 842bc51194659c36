import { describe, expect, it } from 'vitest';
import { runRanks } from './ranks.fixture.js';

/** The same of every rank. */
const onAll = (ranks: number, found: unknown) =>
  Object.fromEntries(Array.from({ length: ranks }, (_, rank) => [String(rank), found]));

describe('ranks under mpiexec', { timeout: 120_000 }, () => {
  it('tell one another what each has, of whatever length', async () => {
    const { found, exitCode } = await runRanks(3, 'talk');
    const told = { size: 3, hosts: 1, told: { from: 1 }, gathered: ['', 'x', 'xx'] };
    expect(found).toMatchObject(onAll(3, told));
    expect(found['2']).toMatchObject({ local: { rank: 2, host: 0 } });
    expect(exitCode).toBe(0);
  });

  it('average tensors within a graph, small ones together, each in its own shape', async () => {
    const { found } = await runRanks(3, 'average');
    const shapes = [[3], [2, 2], [100], [1], [1], []];
    expect(found).toEqual(onAll(3, { operations: 3, shapes, values: [2, 2, 2, 2, 2, 2] }));
  });

  it('differentiate through a mean over ranks', async () => {
    // The mean of x is 1 on every rank, so the derivative of its square is 2 on every rank.
    expect((await runRanks(3, 'differentiate')).found).toEqual(onAll(3, [2, 2]));
  });

  it.each([
    ['nothing', 'alike'],
    ['dataset', 'Rank 1 on HOST is not like rank 0 on HOST (field dataset, expected b, got other)'],
    ['code', 'Rank 1 on HOST is not like rank 0 on HOST (field code, expected a, got other)'],
  ])('find out before they start, all alike, that one differs in %s', async (field, said) => {
    const { found } = await runRanks(2, 'compare', field, 'other');
    const texts = Object.values(found).map((text) => String(text).replaceAll(/on [^ ]+/gu, 'on HOST'));
    expect(texts).toEqual([said, said]);
  });

  it.each([
    ['STOP', 'no sign of life for 4 s from rank 1 on '],
    ['late', 'a collective has waited 4 s for rank 1 on '],
  ])('end, naming the one that they miss, when it is lost by %s', async (how, words) => {
    const { found, stderr, exitCode } = await runRanks(3, 'lose', how);
    expect(stderr).toContain(`ends this generation: ${words}`);
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });

  it('end at once by their launcher when one is killed', async () => {
    const { found, exitCode } = await runRanks(3, 'lose', 'KILL');
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });

  it('end together when one of them fails', async () => {
    const { found, exitCode } = await runRanks(3, 'end', '5');
    expect(found).toEqual({});
    expect(exitCode).not.toBe(0);
  });
});
