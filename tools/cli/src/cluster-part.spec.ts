import { hostname } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@bluewaters/storage';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tasksOf } from './cluster-hosts.js';
import { ClusterPart } from './cluster-part.js';

const { signal } = new AbortController();

describe('the parts of a cluster', () => {
  const hosts = ['a', 'b'];
  let rendezvous: string;
  const opened: ClusterPart[] = [];

  beforeEach(async () => {
    rendezvous = join(await temporaryDirectory(), 'meeting');
  });
  afterEach(() => Promise.all(opened.splice(0).map((part) => part.close())));

  const open = async (host: string): Promise<ClusterPart> => {
    const part = await ClusterPart.open({ hosts, host, rendezvous }, signal);
    opened.push(part);
    return part;
  };

  it('have workers from the first host on, and servers from the last', () => {
    const layout = { servers: 2, workers: 3 };
    expect([0, 1].map((host) => tasksOf(host, 2, layout))).toEqual([
      ['ps:1', 'worker:0', 'worker:2'],
      ['ps:0', 'worker:1'],
    ]);
    expect([0, 1, 2].map((host) => tasksOf(host, 3, { servers: 1, workers: 2 }))).toEqual([
      ['worker:0'],
      ['worker:1'],
      ['ps:0'],
    ]);
    expect(tasksOf(0, 1, layout)).toHaveLength(5);
  });

  it('begin a generation when the first one does, in a place of its own, and end when that says how all ended', async () => {
    const [leader, other] = [await open('a'), await open('b')];
    expect([leader.leads, other.leads, leader.meeting(1)]).toEqual([true, false, other.meeting(1)]);
    const begun = { generation: 3, workers: 2, coordinated: 'run:3' };
    const waiting = other.next(2, signal);
    await leader.begin({ ...begun, generation: 2 });
    await leader.begin(begun);
    expect(await waiting).toEqual(begun);
    await leader.finish({ outcome: 'stopped', reason: 'asked to' });
    expect(await other.next(3, signal)).toEqual({ outcome: 'stopped', reason: 'asked to' });
    // Tasks that the chief lets end do so by themselves.
    expect(await other.heard(3)).toBeUndefined();
  });

  it('hear of one another how a generation ended, and on which host, whoever saw it', async () => {
    const [leader, other] = [await open('a'), await open('b')];
    expect(await leader.heard(1)).toBeUndefined();
    await other.tell(1, { outcome: 'lost', reason: 'ps:0 was lost' });
    expect(await leader.heard(1)).toEqual({ outcome: 'lost', reason: 'ps:0 was lost on b' });
    expect(await leader.heard(2)).toBeUndefined();
    expect(await leader.isToStop()).toBe(false);
    await other.askToStop();
    expect(await leader.isToStop()).toBe(true);
  });

  it('miss one that has gone before all was over', async () => {
    const [leader, other] = [await open('a'), await open('b')];
    expect(await other.heard(1)).toBeUndefined();
    await leader.close();
    expect(await other.heard(1)).toEqual({ outcome: 'lost', reason: 'the part on a was lost' });
    await expect(other.next(0, signal)).rejects.toMatchObject({ code: 'PROCESS_DIED' });
  });

  it('miss one of which nothing is heard any more, as soon as it has been heard of', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    try {
      const leader = await open('a');
      now.mockReturnValue(100_000);
      expect(await leader.heard(1)).toBeUndefined();
      const store = await openStore({ kind: 'directory', path: rendezvous });
      await store.put('alive/1', Buffer.from('7'));
      expect(await leader.heard(1)).toBeUndefined();
      now.mockReturnValue(121_000);
      expect(await leader.heard(1)).toEqual({ outcome: 'lost', reason: 'the part on b was lost' });
      await store.put('alive/1', Buffer.from('8'));
      expect(await leader.heard(1)).toBeUndefined();
      await store.close();
    } finally {
      now.mockRestore();
    }
  });

  /** What hosts do of which some have a GPU; the first of those leads. */
  const castOf = async (...gpus: readonly boolean[]): Promise<string[]> => {
    const names = gpus.map((has, index) => `${has ? 'gpu' : 'cpu'}${index}`);
    const opening = names.map((host, index) =>
      ClusterPart.open({ hosts: names, host, rendezvous, hasGpu: gpus[index] }, signal),
    );
    const parts = await Promise.all(opening);
    opened.push(...parts);
    return parts.map((part) =>
      [part.host, part.leads ? 'leads' : [], part.layout ? part.tasks(part.layout) : []].flat().join(' '),
    );
  };

  it('have servers on the hosts without a GPU, where others have one', async () => {
    expect(await castOf(false, true, false, true, true)).toEqual([
      'cpu0 ps:1',
      'gpu1 leads worker:0',
      'cpu2 ps:0',
      'gpu3 worker:1',
      'gpu4 worker:2',
    ]);
  });

  it.each([true, false])('have them on a quarter of the hosts, where all have a GPU or none: %s', async (has) => {
    const name = has ? 'gpu' : 'cpu';
    const tasks = ['0 leads worker:0', '1 worker:1', '2 worker:2', '3 worker:3', '4 ps:0'];
    expect(await castOf(has, has, has, has, has)).toEqual(tasks.map((task) => `${name}${task}`));
  });

  it('wait no longer than they are let for one that does not say whether it has a GPU', async () => {
    const stop = new AbortController();
    const opening = ClusterPart.open({ hosts, host: 'a', rendezvous, hasGpu: true }, stop.signal);
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const now = vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(120_001);
    try {
      const late = ClusterPart.open({ hosts, host: 'a', rendezvous, hasGpu: true }, signal);
      await expect(late).rejects.toMatchObject({ code: 'TIMED_OUT', message: 'Nobody launched the part on b' });
    } finally {
      now.mockRestore();
    }
  });

  it('refuse a folder that was used before, and a host that is none of them', async () => {
    await (await open('a')).begin({ generation: 1, workers: 1 });
    await expect(open('a')).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { field: 'rendezvous' } });
    await expect(open('c')).rejects.toMatchObject({ details: { field: 'host', expected: 'a or b', got: 'c' } });
    await expect(ClusterPart.open({ hosts }, signal)).rejects.toMatchObject({ details: { field: 'rendezvous' } });
    await expect(ClusterPart.open({ hosts, rendezvous }, signal)).rejects.toMatchObject({
      details: { got: hostname() },
    });
    const here = await ClusterPart.open({ hosts: ['a', `${hostname()}.cluster`], rendezvous }, signal);
    opened.push(here);
    expect(here.leads).toBe(false);
  });
});
