import { CodedError } from '@bluewaters/errors';
import { defineEvent } from '@bluewaters/messages';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../until.js';
import type { BusContext } from './describe-message-bus.js';

/** What a bus promises of events. */
export function eventTests(given: () => BusContext): void {
  const counted = () => defineEvent(`${given().word}.v1.counted`, z.strictObject({ n: z.number() }));
  const numbers = Array.from({ length: 100 }, (_, n) => n);

  it('tells every subscriber, in the order of the sender', async () => {
    const { here, there } = given();
    const heard: number[][] = [[], [], []];
    await here.subscribe(counted(), ({ n }) => void heard[0]!.push(n));
    await there.subscribe(counted(), ({ n }) => void heard[1]!.push(n));
    await there.subscribe(counted(), async ({ n }) => {
      await new Promise((resolve) => setTimeout(resolve, n % 3));
      heard[2]!.push(n);
    });
    for (const n of numbers) await here.publish(counted(), { n });
    await until('all events', () => heard.every(({ length }) => length === numbers.length));
    expect(heard).toEqual([numbers, numbers, numbers]);
  });

  it('tells no more once it was stopped, and nothing of before', async () => {
    const { here, there } = given();
    const heard: number[] = [];
    const rest: number[] = [];
    await here.publish(counted(), { n: 0 });
    const first = await there.subscribe(counted(), ({ n }) => void heard.push(n));
    await there.subscribe(counted(), ({ n }) => void rest.push(n));
    await here.publish(counted(), { n: 1 });
    await until('the first', () => heard.length === 1 && rest.length === 1);
    await first.stop();
    await here.publish(counted(), { n: 2 });
    await until('the second', () => rest.length === 2);
    expect([heard, rest]).toEqual([[1], [1, 2]]);
  });

  it('keeps for a durable subscriber what it missed', async () => {
    const { here, there } = given();
    const heard: number[] = [];
    const subscribe = () => there.subscribe(counted(), ({ n }) => void heard.push(n), { durable: 'reader' });
    const first = await subscribe();
    await here.publish(counted(), { n: 0 });
    await until('the first', () => heard.length === 1);
    await first.stop();
    for (const n of [1, 2, 3]) await here.publish(counted(), { n });
    const second = await subscribe();
    await here.publish(counted(), { n: 4 });
    await until('the rest', () => heard.length === 5);
    expect(heard).toEqual([0, 1, 2, 3, 4]);
    await second.stop();
  });

  it('gives durable subscribers of different names each their own', async () => {
    const { here, there } = given();
    const heard: Record<string, number[]> = { a: [], b: [] };
    for (const durable of ['a', 'b'])
      await there.subscribe(counted(), ({ n }) => void heard[durable]!.push(n), { durable });
    await here.publish(counted(), { n: 1 });
    await until('both', () => heard['a']!.length === 1 && heard['b']!.length === 1);
  });

  it('tells a durable subscriber again what it could not take, before what came after', async () => {
    const { here, there } = given();
    const heard: number[] = [];
    const hear = ({ n }: { n: number }) => {
      heard.push(n);
      if (heard.length < 3) throw new CodedError('STORE_UNAVAILABLE', 'later');
    };
    await there.subscribe(counted(), hear, { durable: 'reader' });
    for (const n of [1, 2]) await here.publish(counted(), { n });
    await until('all', () => heard.includes(2));
    expect(heard).toEqual([1, 1, 1, 2]);
  });

  it('goes on after a handler that throws, and says so', async () => {
    const { here, there, faults } = given();
    const heard: number[] = [];
    await there.subscribe(counted(), ({ n }) => {
      heard.push(n);
      if (n === 1) throw new TypeError('oh');
    });
    for (const n of [1, 2]) await here.publish(counted(), { n });
    await until('both', () => heard.length === 2);
    expect(heard).toEqual([1, 2]);
    expect(faults).toMatchObject([{ code: 'INTERNAL', message: 'oh' }]);
  });

  it('lets no message through that does not match the schema', async () => {
    const { here, there, faults } = given();
    const heard: number[] = [];
    await there.subscribe(counted(), ({ n }) => void heard.push(n));
    await expect(here.publish(counted(), { n: '1' as never })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await here.publish(defineEvent(counted().subject, z.unknown()), { n: 'from another version' });
    await here.publish(counted(), { n: 2 });
    await until('the good one', () => heard.length > 0);
    expect(heard).toEqual([2]);
    expect(faults).toMatchObject([{ code: 'MESSAGE_INVALID', details: { field: 'n' } }]);
  });

  it.each(['', 'a.b', 'a b', '*', 'ä'])('refuses the durable name %j', async (durable) => {
    await expect(given().here.subscribe(counted(), () => {}, { durable })).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
  });
}
