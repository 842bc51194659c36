import { CodedError } from '@bluewaters/errors';
import { defineCommand } from '@bluewaters/messages';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { BusContext } from './describe-message-bus.js';

/** What a bus promises of commands. */
export function commandTests(given: () => BusContext): void {
  const double = () =>
    defineCommand(
      `${given().word}.v1.double`,
      z.strictObject({ n: z.number() }),
      z.strictObject({ twice: z.number() }),
    );

  it('brings back the answer of who serves the command', async () => {
    const { here, there } = given();
    await there.serve(double(), async ({ n }) => ({ twice: 2 * n }));
    expect(await here.request(double(), { n: 21 })).toEqual({ twice: 42 });
    expect(await there.request(double(), { n: 4 })).toEqual({ twice: 8 });
  });

  it('answers many requests at once, each with its own answer', async () => {
    const { here, there } = given();
    await there.serve(double(), async ({ n }) => ({ twice: 2 * n }));
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => here.request(double(), { n })));
    expect(answers).toEqual(numbers.map((n) => ({ twice: 2 * n })));
  });

  it('asks exactly one of those who serve, and each of them in the end', async () => {
    const { here, there } = given();
    const asked = [0, 0];
    await here.serve(double(), async ({ n }) => ({ twice: ((asked[0]! += 1), n) }));
    await there.serve(double(), async ({ n }) => ({ twice: ((asked[1]! += 1), n) }));
    for (let n = 0; n < 60; n += 1) await here.request(double(), { n });
    expect(asked[0]! + asked[1]!).toBe(60);
    expect(Math.min(...asked)).toBeGreaterThan(0);
  });

  it('says at once when nobody serves, also when the last one has stopped', async () => {
    const { here, there } = given();
    const request = () => here.request(double(), { n: 1 }, { timeoutMs: 20_000 });
    await expect(request()).rejects.toMatchObject({ code: 'NO_RESPONDERS', retryable: true });
    const serving = await there.serve(double(), async ({ n }) => ({ twice: n }));
    await request();
    await serving.stop();
    await expect(request()).rejects.toMatchObject({ code: 'NO_RESPONDERS' });
  });

  it('gives up after the time that was given', async () => {
    const { here, there } = given();
    let answer = () => {};
    await there.serve(double(), ({ n }) => new Promise((resolve) => (answer = () => resolve({ twice: n }))));
    await expect(here.request(double(), { n: 1 }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    answer();
  });

  it('brings a CodedError back as a CodedError, with its details', async () => {
    const { here, there } = given();
    const details = { file: 'shard-1', offset: 17, expected: 'x', got: 'y' };
    await there.serve(double(), async () => {
      throw new CodedError('RECORD_CORRUPT', 'A record is damaged', { details, cause: new Error('why') });
    });
    const error = await here.request(double(), { n: 1 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CodedError);
    expect(error).toMatchObject({ code: 'RECORD_CORRUPT', details, retryable: false });
    expect(String(error)).toContain('A record is damaged (file shard-1, offset 17, expected x, got y)');
  });

  it('brings any other error back as INTERNAL', async () => {
    const { here, there } = given();
    await there.serve(double(), () => {
      throw new TypeError('oh');
    });
    await expect(here.request(double(), { n: 1 })).rejects.toMatchObject({ code: 'INTERNAL', message: 'oh' });
  });

  it('checks requests and replies on both sides', async () => {
    const { here, there } = given();
    const { subject } = double();
    const loose = defineCommand(subject, z.unknown(), z.unknown());
    const serving = await there.serve(double(), async ({ n }) => ({ twice: n === 0 ? ('no' as never) : n }));
    await expect(here.request(double(), { n: 'x' as never })).rejects.toMatchObject({
      code: 'MESSAGE_INVALID',
      details: { field: 'n' },
    });
    await expect(here.request(loose, { n: 'x' })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await expect(here.request(loose, { n: 1, more: 1 })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await expect(here.request(double(), { n: 0 })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await serving.stop();
    await there.serve(loose, async () => ({ twice: 'x' }));
    await expect(here.request(double(), { n: 1 })).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
  });

  it('waits at the end for the handler that is running', async () => {
    const { here, there } = given();
    let started = () => {};
    const begun = new Promise<void>((resolve) => (started = resolve));
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    const serving = await there.serve(double(), async ({ n }) => {
      started();
      await held;
      return { twice: 2 * n };
    });
    const asked = here.request(double(), { n: 3 });
    await begun;
    const stopped = serving.stop();
    answer();
    expect(await asked).toEqual({ twice: 6 });
    await stopped;
  });

  it('shares no object between the parties', async () => {
    const { here, there } = given();
    const echo = defineCommand(`${given().word}.v1.echo`, z.object({ list: z.array(z.number()) }), z.unknown());
    const kept = { list: [1, 2] };
    await there.serve(echo, async (request) => {
      request.list.push(3);
      return kept;
    });
    const sent = { list: [9] };
    ((await here.request(echo, sent)) as typeof kept).list.push(5);
    expect([sent, kept]).toEqual([{ list: [9] }, { list: [1, 2] }]);
  });

  it('refuses messages of more than half a megabyte, with their size', async () => {
    const { here, there } = given();
    const echo = defineCommand(`${given().word}.v1.echo`, z.string(), z.string());
    await there.serve(echo, async (text) => text);
    const largest = 'x'.repeat(512 * 1024 - 2);
    expect(await here.request(echo, largest)).toBe(largest);
    await expect(here.request(echo, `${largest}x`)).rejects.toMatchObject({
      code: 'BUS_REFUSED',
      details: { expected: 'at most 524288 bytes', got: '524289 bytes' },
    });
  });

  it('refuses to work once it is closed', async () => {
    const { here } = given();
    await here.close();
    await expect(here.request(double(), { n: 1 })).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });
}
