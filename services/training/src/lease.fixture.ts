import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { runKeys } from '@bluewaters/records';
import type { ObjectInfo, ObjectStore } from '@bluewaters/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Lease, runHolder } from './lease.js';
import { thisProcess } from './process-identity.js';

/** Short, so that a silent holder is soon gone; long against what a write takes. */
const LEASE_MS = 900;
const HOUR_MS = 3_600_000;

/** The promises of a lease, as tests for one kind of store. @param open Answers an empty store, closed after each test. */
export function describeLease(name: string, open: () => Promise<ObjectStore>): void {
  describe(`the lease of a run in ${name}`, () => {
    let store: ObjectStore;
    const taken: Lease[] = [];

    beforeEach(async () => {
      store = await open();
    });
    afterEach(async () => {
      await Promise.all(taken.splice(0).map((lease) => lease.release()));
      await store.close();
    });

    const take = async (options: Parameters<typeof Lease.take>[2] = {}, from = store): Promise<Lease> => {
      const lease = await Lease.take(from, 'r', { leaseMs: LEASE_MS, ...options });
      taken.push(lease);
      return lease;
    };
    const keys = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { key } of store.list('runs/')) found.push(key);
      return found;
    };
    /** A lease as another process left it. */
    const leave = async (changes: Record<string, unknown>): Promise<ObjectInfo> => {
      const [format, process] = ['bluewaters.lease.v1', { pid: 77, place: 'another machine', startedAt: '5' }];
      const record = { format, host: 'there', process, step: 3, seenAt: Date.now(), leaseMs: LEASE_MS };
      return store.put(runKeys.lease('r', 1), JSON.stringify({ ...record, released: false, ...changes }));
    };

    it('is given to one of many who ask at once; the others are told who has it and how to go on', async () => {
      const asked = await Promise.allSettled(Array.from({ length: 4 }, () => take()));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const { reason } of asked.filter((each) => each.status === 'rejected')) {
        expect(reason).toMatchObject({
          code: 'RUN_HELD',
          message: expect.stringMatching(/wait for that to end, stop it, or name another run/u) as string,
          details: { field: 'run', got: `one held by process ${process.pid} on ${hostname()}` },
        });
      }
    });

    it('is free once it was given back, and leaves one small object', async () => {
      await (await take()).release();
      const second = await take();
      expect(second).toMatchObject({ generation: 2, notice: undefined });
      expect(await keys()).toEqual(['runs/r/leases/00000002.json']);
    });

    it.each([
      ['falls silent', {}],
      ['falls silent with a clock that is an hour ahead', { seenAt: Date.now() + HOUR_MS }],
      ['fell silent long ago', { seenAt: Date.now() - HOUR_MS, leaseMs: HOUR_MS / 3 }],
      [
        'was a process of this machine that has ended',
        { process: { ...thisProcess(), startedAt: '1' }, leaseMs: HOUR_MS },
      ],
    ])('is taken over from a holder who %s, which is said', async (_, changes) => {
      await leave(changes);
      const { generation, notice } = await take();
      expect(generation).toBe(2);
      expect(notice).toMatch(/took the run over from process \d+ on there, which is gone/u);
    });

    it('is taken over from a holder of another version that falls silent', async () => {
      await store.put(runKeys.lease('r', 1), '{"format": "bluewaters.lease.v2"}');
      expect((await take()).generation).toBe(2);
    });

    it('is left to a holder of another version that shows signs of life', async () => {
      let sign = 0;
      const show = (): Promise<unknown> =>
        store.put(runKeys.lease('r', 1), `{"format": "bluewaters.lease.v2", "sign": ${++sign}}`);
      await show();
      const beat = setInterval(() => void show().catch(() => undefined), LEASE_MS / 10);
      await expect(take().finally(() => clearInterval(beat))).rejects.toMatchObject({
        code: 'RUN_HELD',
        details: { got: 'one held by a process of another version' },
      });
    });

    it('is lost by a holder that was held up for too long, who finds out before it writes', async () => {
      const frozen = { now: false };
      const slow = await take({}, freezable(store, frozen));
      frozen.now = true;
      const next = await take();
      frozen.now = false;
      await expect(slow.confirm()).rejects.toMatchObject({ code: 'RUN_HELD' });
      expect(() => slow.reached(1)).toThrow(expect.objectContaining({ code: 'RUN_HELD' }) as Error);
      await slow.release();
      next.reached(8);
      await next.confirm();
      expect(await runHolder(store, 'r')).toMatchObject({ step: 8 });
    });

    it('has one holder at a time, and all who are patient get it', async () => {
      let [holders, turns] = [0, 0];
      const worker = async (): Promise<void> => {
        for (let turn = 0; turn < 3; turn += 1) {
          const lease = await Lease.take(store, 'r', { leaseMs: LEASE_MS, patient: true });
          expect((holders += 1)).toBe(1);
          await sleep(5);
          holders -= 1;
          turns += 1;
          await lease.release();
        }
      };
      await Promise.all([worker(), worker(), worker()]);
      expect(turns).toBe(9);
    });

    it('tells everyone who works on the run and how far it is, and nobody when it rests', async () => {
      expect(await runHolder(store, 'r')).toBeUndefined();
      const lease = await take();
      lease.reached(40);
      await lease.confirm();
      expect(await runHolder(store, 'r')).toMatchObject({ pid: process.pid, host: hostname(), step: 40 });
      await lease.release();
      expect(await runHolder(store, 'r')).toBeUndefined();
    });

    it('ends the waiting when it is asked to', async () => {
      await leave({ leaseMs: HOUR_MS });
      const stopping = new AbortController();
      const waiting = take({ signal: stopping.signal, onWait: () => stopping.abort() });
      await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    });
  });
}

/** The store as a process sees it that stands still now and then: its writes wait. */
function freezable(store: ObjectStore, frozen: { now: boolean }): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'put') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return async (...given: Parameters<ObjectStore['put']>) => {
        if (frozen.now) throw new Error('held up');
        return target.put(...given);
      };
    },
  });
}
