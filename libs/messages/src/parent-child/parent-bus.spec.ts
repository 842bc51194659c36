import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describeMessageBus, until } from '@bluewaters/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  InProcessBus,
  ParentBus,
  defineCommand,
  defineEvent,
  defineState,
  defineWork,
  jobRequest,
  serveChild,
  submitJob,
  type Channel,
  type Subscription,
} from '../index.js';

/** Both ends of a channel within one process; messages cross as structured clones, in order and in a later turn. */
class ChannelEnd extends EventEmitter implements Channel {
  connected = true;
  other: ChannelEnd | undefined;

  static pair(): [ChannelEnd, ChannelEnd] {
    const [one, two] = [new ChannelEnd(), new ChannelEnd()];
    one.other = two;
    two.other = one;
    return [one, two];
  }

  send(message: object): boolean {
    const copy: unknown = structuredClone(message);
    setImmediate(() => this.other?.emit('message', copy));
    return true;
  }
}

describeMessageBus('ParentBus', async () => {
  const serving: Subscription[] = [];
  let bus: InProcessBus | undefined;
  return {
    connect: async (onFault) => {
      bus ??= new InProcessBus(onFault);
      const [parentEnd, childEnd] = ChannelEnd.pair();
      serving.push(serveChild(parentEnd, bus, onFault));
      return new ParentBus(onFault, childEnd);
    },
    close: async () => {
      await Promise.all(serving.map((session) => session.stop()));
      await bus?.close();
    },
  };
});

const Double = defineWork('test.v1.double', jobRequest(z.number()), z.number());
const Say = defineCommand('test.v1.say', z.enum(['pid', 'die', 'end']), z.number());
const Told = defineEvent('test.v1.told', z.string());
const Table = defineState('test', z.string());

describe('ParentBus in a real child process', () => {
  let bus: InProcessBus;
  const children: ChildProcess[] = [];

  const start = async () => {
    const child = fork(fileURLToPath(new URL('./child.fixture.mjs', import.meta.url)));
    children.push(child);
    serveChild(child, bus);
    const table = await bus.state(Table);
    await until('the child', async () => (await table.get(`ready-${child.pid}`)) !== undefined);
    return child;
  };

  beforeEach(() => {
    bus = new InProcessBus();
  });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await bus.close();
  });

  it('serves commands, hears events and watches tables of the parent', async () => {
    const child = await start();
    expect(await bus.request(Say, 'pid')).toBe(child.pid);
    const table = await bus.state(Table);
    await bus.publish(Told, 'hello');
    await until('the echo of the event', async () => (await table.get('heard'))?.value === 'hello');
    await table.put('watched', 'changed');
    await until('the echo of the change', async () => (await table.get('seen'))?.value === 'changed');
  });

  it('gives the work of a child that is killed to another one', async () => {
    const doomed = await start();
    const result = submitJob(bus, Double, 21, { job: 'job' });
    const table = await bus.state(Table);
    await until('the start', async () => (await table.get('working'))?.value === String(doomed.pid));
    const heir = await start();
    doomed.kill('SIGKILL');
    await until('the next', async () => (await table.get('working'))?.value === String(heir.pid));
    await bus.publish(Told, 'finish');
    expect(await result).toBe(42);
  });

  it('tells who asked that the child died before it answered, and then that nobody serves', async () => {
    const child = await start();
    await expect(bus.request(Say, 'die')).rejects.toMatchObject({ code: 'PROCESS_DIED', retryable: true });
    await until('the end', () => child.signalCode !== null);
    await expect(bus.request(Say, 'pid')).rejects.toMatchObject({ code: 'NO_RESPONDERS' });
  });

  it('lets a child that closed its bus end by itself', async () => {
    const child = await start();
    const ended = once(child, 'exit');
    await bus.request(Say, 'end');
    expect(await ended).toEqual([0, null]);
  });

  it('stops the work of a child whose parent is gone', async () => {
    const child = await start();
    const waiting = submitJob(bus, Double, 1, { job: 'job' });
    waiting.catch(() => {});
    const table = await bus.state(Table);
    await until('the start', async () => (await table.get('working')) !== undefined);
    const ended = once(child, 'exit');
    child.disconnect();
    // The child says by its exit code that its handler was told to stop and that its bus then refused.
    expect(await ended).toEqual([7, null]);
  });
});

describe('ParentBus without a parent', () => {
  it('says so', () => {
    const [end] = ChannelEnd.pair();
    end.connected = false;
    expect(() => new ParentBus(() => {}, end)).toThrow(expect.objectContaining({ code: 'BUS_UNAVAILABLE' }));
  });

  it('passes over messages that are not its own, and tells those of another version', async () => {
    const faults: string[] = [];
    const [parentEnd, childEnd] = ChannelEnd.pair();
    const bus = new ParentBus((error) => faults.push(error.code), childEnd);
    for (const message of ['text', null, { type: 'answer' }, { protocol: 'bluewaters-bus-99', type: 'answer' }]) {
      parentEnd.send(message as object);
    }
    await until('the fault', () => faults.length > 0);
    expect(faults).toEqual(['MESSAGE_INVALID']);
    await bus.close();
  });
});
