import { defineState, type StateTable } from '@bluewaters/messages';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../until.js';
import type { BusContext } from './describe-message-bus.js';

type Value = { n: number };

/** What a bus promises of tables of state. */
export function stateTests(given: () => BusContext): void {
  const table = () => defineState<Value>(given().word, z.strictObject({ n: z.number() }));
  const both = async (): Promise<[StateTable<Value>, StateTable<Value>]> => [
    await given().here.state(table()),
    await given().there.state(table()),
  ];
  const contents = async (of: StateTable<Value>, prefix?: string) =>
    (await of.list(prefix)).map(({ key, value }) => [key, value.n]);

  it('shows everyone what anyone puts, with growing revisions', async () => {
    const [here, there] = await both();
    expect(await there.get('a')).toBeUndefined();
    const first = await here.put('a', { n: 1 });
    expect(await there.get('a')).toEqual({ key: 'a', value: { n: 1 }, revision: first });
    const second = await there.put('a', { n: 2 });
    expect(second).toBeGreaterThan(first);
    expect(await here.get('a')).toEqual({ key: 'a', value: { n: 2 }, revision: second });
  });

  it('updates only what is still as it was', async () => {
    const [here, there] = await both();
    const first = await here.update('a', { n: 1 }, 0);
    const second = await there.update('a', { n: 2 }, first);
    for (const revision of [0, first, second + 1]) {
      await expect(here.update('a', { n: 3 }, revision)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    }
    await here.delete('a');
    await expect(here.update('a', { n: 4 }, second)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await here.update('a', { n: 5 }, 0);
    expect(await contents(there)).toEqual([['a', 5]]);
  });

  it('lets exactly one of many win who update the same revision', async () => {
    const [here, there] = await both();
    const revision = await here.put('a', { n: 0 });
    const ended = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? here : there).update('a', { n: n + 1 }, revision)),
    );
    const winners = ended.flatMap(({ status }, n) => (status === 'fulfilled' ? [n + 1] : []));
    expect(winners).toHaveLength(1);
    expect((await here.get('a'))?.value.n).toBe(winners[0]);
  });

  it('counts up without a loss when everyone tries again after a conflict', async () => {
    const [here, there] = await both();
    const add = async (of: StateTable<Value>): Promise<void> => {
      const entry = await of.get('count');
      await of.update('count', { n: (entry?.value.n ?? 0) + 1 }, entry?.revision ?? 0).catch(() => add(of));
    };
    await Promise.all(Array.from({ length: 12 }, (_, n) => add(n % 2 ? here : there)));
    expect(await contents(here)).toEqual([['count', 12]]);
  });

  it('lists in key order what starts with a prefix, without what was deleted', async () => {
    const [here, there] = await both();
    for (const [n, key] of ['b', 'a.2', 'a.1', 'a', 'a-1', 'A', 'gone', '_0'].entries()) await here.put(key, { n });
    await there.delete('gone');
    await there.delete('never-was');
    expect((await there.list()).map(({ key }) => key)).toEqual(['A', '_0', 'a', 'a-1', 'a.1', 'a.2', 'b']);
    expect((await there.list('a.')).map(({ key }) => key)).toEqual(['a.1', 'a.2']);
    expect(await there.list('zzz')).toEqual([]);
    expect(await (await given().here.state(defineState(`${given().word}-empty`, z.unknown()))).list()).toEqual([]);
  });

  it('lists many entries', async () => {
    const [here, there] = await both();
    const keys = Array.from({ length: 300 }, (_, n) => `key-${String(n).padStart(4, '0')}`);
    await Promise.all(keys.map((key, n) => here.put(key, { n })));
    await Promise.all(keys.map((key, n) => here.put(key, { n: n + 1 })));
    expect(await contents(there)).toEqual(keys.map((key, n) => [key, n + 1]));
  });

  it('tells a watcher what is there and then, in order, each change that waits to be told', async () => {
    const [here, there] = await both();
    await here.put('a', { n: 1 });
    await here.put('other', { n: 1 });
    const told: [string, number | undefined][] = [];
    const watch = await there.watch('a', (key, value) => void told.push([key, value?.n]));
    await until('what is there', () => told.length === 1);
    for (let n = 2; n <= 20; n += 1) {
      await here.put('a', { n });
      await until(`value ${n}`, () => told.length === n);
    }
    await here.delete('a');
    await here.put('a.b', { n: 21 });
    await until('the last changes', () => told.length === 22);
    await watch.stop();
    await here.put('a', { n: 22 });
    const numbers = Array.from({ length: 20 }, (_, n) => ['a', n + 1]);
    expect(told).toEqual([...numbers, ['a', undefined], ['a.b', 21]]);
  });

  it('always tells a watcher the newest value, in order, when values replace one another faster than it hears', async () => {
    const [here, there] = await both();
    const told: number[] = [];
    const watch = await there.watch('a', (_, value) => void told.push(value!.n));
    for (let n = 1; n <= 200; n += 1) await here.put('a', { n });
    await until('the newest', () => told.at(-1) === 200);
    await watch.stop();
    expect(told).toEqual([...new Set(told)].sort((one, other) => one - other));
  });

  it('passes over entries of another version in lists and watches, and says so', async () => {
    const { here, faults } = given();
    const other = await here.state(defineState(table().bucket, z.unknown()));
    const [, there] = await both();
    await other.put('bad', 'of another version');
    await other.put('good', { n: 1 });
    expect(await contents(there)).toEqual([['good', 1]]);
    await expect(there.get('bad')).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    const told: string[] = [];
    await there.watch('', (key) => void told.push(key));
    await until('the good one', () => told.includes('good'));
    expect(told).toEqual(['good']);
    expect(faults).toMatchObject([{ code: 'MESSAGE_INVALID' }, { code: 'MESSAGE_INVALID' }]);
  });

  it('checks what is put', async () => {
    const [here] = await both();
    await expect(here.put('a', { n: 'x' as never })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await expect(here.update('a', { n: 1, m: 2 } as never, 0)).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    expect(await here.list()).toEqual([]);
  });

  it.each(['', '.a', 'a.', 'a..b', 'a b', 'a*', '>', 'ä', 'a/b', 'x'.repeat(201)])(
    'refuses the key %j',
    async (key) => {
      const [here] = await both();
      const refusal = { code: 'KEY_INVALID' };
      await expect(here.put(key, { n: 1 })).rejects.toMatchObject(refusal);
      await expect(here.update(key, { n: 1 }, 0)).rejects.toMatchObject(refusal);
      await expect(here.get(key)).rejects.toMatchObject(refusal);
      await expect(here.delete(key)).rejects.toMatchObject(refusal);
    },
  );
}
