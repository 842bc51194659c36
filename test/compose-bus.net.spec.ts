import { join } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import * as messages from '@bluewaters/messages';
import { defineWork, openBus, type MessageBus } from '@bluewaters/messages';
import { describeWith, until } from '@bluewaters/testing';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { runCli } from './support/cli.js';
import { startComposedBus, type BusUser, type ComposedBus } from './support/composed-bus.js';
import { tableIn } from './support/pages.js';
import { refusedBy, type Line } from './support/raw-nats.js';
import { SERVICES } from './support/services.js';

const USERS: readonly BusUser[] = [...SERVICES, 'cli'];

/** Every subject and table that the product defines. */
const defined = { event: [] as string[], command: [] as string[], work: [] as string[], state: [] as string[] };
for (const value of Object.values(messages)) {
  if (typeof value !== 'object' || !('kind' in value)) continue;
  if (value.kind === 'state') defined.state.push(value.bucket);
  else if (value.kind in defined) defined[value.kind].push(value.subject);
}

/** What docs/security.md says of a user: names and patterns, in columns. */
type Column = 'tells' | 'writes' | 'reads' | 'works' | 'sends' | 'answers';

const documented = new Map(
  tableIn('docs/security.md', 'user on the bus').map(([user = '', ...cells]) => {
    const [tells, writes, reads, works, sends, answers] = cells.map((cell) =>
      [...cell.matchAll(/`([^`]+)`/gu)].map(([, name = '']) => name),
    );
    return [user, { tells, writes, reads, works, sends, answers } as Record<Column, string[]>];
  }),
);

const says = (user: BusUser, column: Column): string[] => documented.get(user)?.[column] ?? [];
const covers = (patterns: readonly string[], subject: string): boolean =>
  patterns.some(
    (pattern) => pattern === subject || (pattern.endsWith('>') && subject.startsWith(pattern.slice(0, -1))),
  );
const table = (bucket: string): string => `$KV.bluewaters-${bucket}.key`;
const queue = (work: string): string => work.replaceAll('.', '-');
const publishing = (subject: string): Line => `PUB ${subject} 0\r\n`;

/** How a queue of work is taken from, by what JetStream calls its consumers. */
function waysToTake(work: string): string[] {
  const [stream, name] = ['bluewaters-work', queue(work)];
  return [`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, `$JS.ACK.${stream}.${name}.1.1.1.1.0`];
}

/** What nobody may do to a queue: make it, take from several by one consumer, look into it, empty it, change it, make a copy. */
function waysAround(work: string): string[] {
  const [stream, name] = ['bluewaters-work', queue(work)];
  return [
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.${name}`,
    `$JS.API.CONSUMER.CREATE.${stream}.${name}.bw.work.${work}`,
    `$JS.API.CONSUMER.CREATE.${stream}.${name}.bw.work.>`,
    `$JS.API.CONSUMER.CREATE.${stream}.other.bw.work.${work}`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${name}`,
    `$JS.API.CONSUMER.DELETE.${stream}.${name}`,
    `$JS.API.CONSUMER.PAUSE.${stream}.${name}`,
    ...['DELETE', 'PURGE', 'UPDATE', 'SNAPSHOT', 'RESTORE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
    ...['MSG.GET', 'MSG.DELETE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.STREAM.CREATE.${stream}`,
    '$JS.API.STREAM.CREATE.copy',
  ];
}

await describeWith(['nats', 'openssl'], 'the bus of compose.yaml', () => {
  let composed: ComposedBus;
  const buses: MessageBus[] = [];

  beforeAll(async () => {
    composed = await startComposedBus();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  });

  const openAs = async (user: BusUser): Promise<MessageBus> => {
    for (const [name, value] of Object.entries(composed.environmentOf(user))) vi.stubEnv(name, value);
    // Queues hold what was said to see what is refused, and it is no work.
    const bus = await openBus({ kind: 'nats', url: composed.url }, () => {});
    buses.push(bus);
    return bus;
  };

  it('proves to the command who it is, and hears nothing from one that cannot know', async () => {
    const env = composed.environmentOf('cli');
    const status = await runCli(['status', '--json'], { env });
    expect(status.code, status.stderr).toBe(0);
    const without = await runCli(['status', '--json'], { env: { ...env, BLUEWATERS_NATS_CA_FILE: '' } });
    expect(without.stderr).toContain('BUS_UNTRUSTED');
    const mistaken = join(composed.secrets, 'nats_key');
    const wrong = await runCli(['status', '--json'], { env: { ...env, BLUEWATERS_NATS_CA_FILE: mistaken } });
    expect(wrong.stderr).toContain('CONFIG_INVALID');
    expect(wrong.stderr).toContain(mistaken);
  });

  describe.each(USERS)('to %s', (user) => {
    const refused = (subjects: readonly string[]) => refusedBy(composed, user, subjects.map(publishing));

    it('lets pass what the page of security lists, and nothing else that there is', async () => {
      const subjects = (['event', 'command', 'work'] as const).flatMap((kind) =>
        defined[kind].map((subject) => `bw.${kind}.${subject}`),
      );
      const isSent = (subject: string) => covers([...says(user, 'tells'), ...says(user, 'sends')], subject);
      expect(await refused(subjects)).toEqual(subjects.filter((subject) => !isSent(subject)));
      const unwritten = defined.state.filter((bucket) => !says(user, 'writes').includes(bucket));
      expect(await refused(defined.state.map(table))).toEqual(unwritten.map(table));
    });

    it('lets it hear answers to itself and the commands that it serves', async () => {
      const kinds = (['event', 'command', 'work'] as const).flatMap((kind) =>
        defined[kind].map((subject) => `bw.${kind}.${subject}`),
      );
      const others = USERS.filter((other) => other !== user).map((other) => `_INBOX.${other}.>`);
      const subjects = [...kinds, ...defined.state.map(table), ...others, '_INBOX.>', '$JS.>', '>'];
      const lines = subjects.map((subject, n): Line => `SUB ${subject} ${n + 1}`);
      const heard = subjects.filter((subject) => covers(says(user, 'answers'), subject));
      expect(await refusedBy(composed, user, [...lines, `SUB _INBOX.${user}.> 99`])).toEqual(
        subjects.filter((subject) => !heard.includes(subject)),
      );
    });

    it('gives the work of its own queues alone, and no way around', async () => {
      const others = defined.work.filter((work) => !says(user, 'works').includes(work));
      expect(await refused(defined.work.flatMap(waysToTake))).toEqual(others.flatMap(waysToTake));
      const around = defined.work.flatMap(waysAround);
      expect(await refused(around)).toEqual(around);
    });

    it('shows the tables that it writes and reads', async () => {
      const reading = (bucket: string) => [
        `$JS.API.CONSUMER.CREATE.KV_bluewaters-${bucket}`,
        `$JS.API.DIRECT.GET.KV_bluewaters-${bucket}.${table(bucket)}`,
      ];
      const making = defined.state.flatMap((bucket) =>
        ['CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.KV_bluewaters-${bucket}`),
      );
      expect(await refused(making)).toEqual(making);
      const shown = [...says(user, 'writes'), ...says(user, 'reads')];
      const hidden = defined.state.filter((bucket) => !shown.includes(bucket));
      expect(await refused(defined.state.flatMap(reading))).toEqual(hidden.flatMap(reading));
    });
  });

  it('hands each work of the command to its service, and the others are told that they may not have it', async () => {
    const sender = await openAs('cli');
    const users = new Map<BusUser, MessageBus>();
    for (const service of SERVICES) users.set(service, await openAs(service));
    const taken: string[] = [];
    for (const subject of defined.work) {
      const work = defineWork(subject, z.string(), z.unknown());
      for (const [user, bus] of users) {
        const taking = bus.work(work, async () => void taken.push(`${user} ${subject}`));
        if (says(user, 'works').includes(subject)) await taking;
        else await expect(taking, `${user} takes ${subject}`).rejects.toMatchObject({ code: 'BUS_REFUSED' });
        if (covers(says(user, 'sends'), `bw.work.${subject}`)) continue;
        await expect(bus.submit(work, 'mine')).rejects.toMatchObject({ code: 'BUS_REFUSED' });
      }
      await sender.submit(work, 'yours');
    }
    await until('all work to be taken', () => taken.length >= defined.work.length);
    expect(taken.sort()).toEqual(defined.work.map((subject) => `${subject.split('.')[0]} ${subject}`).sort());
  });

  it('is set up again at each start, which takes nothing away', async () => {
    const [sender, shards] = [await openAs('cli'), await openAs('shards')];
    const told = await shards.state(messages.Told);
    await told.put('there', { at: 1 });
    const work = defineWork(messages.BuildShards.subject, z.string(), z.unknown());
    await sender.submit(work, 'waits');
    await composed.setUp();
    expect(await told.get('there')).toMatchObject({ value: { at: 1 } });
    const taken: string[] = [];
    await shards.work(work, async (given) => void taken.push(given));
    await until('work that has waited', () => taken.includes('waits'));
  });

  it('carries the answers of services, and refuses who would answer for another', async () => {
    const { RefreshModels, Steer } = messages;
    const [sender, training, inference] = [await openAs('cli'), await openAs('training'), await openAs('inference')];
    await inference.serve(RefreshModels, async () => ({ models: [] }));
    await expect(sender.request(RefreshModels, {})).resolves.toEqual({ models: [] });
    const unknown = () => Promise.reject(new CodedError('RUN_UNKNOWN', 'There is no such run'));
    await expect(inference.serve(Steer, unknown)).rejects.toMatchObject({ code: 'BUS_REFUSED' });
    await training.serve(Steer, unknown);
    for (const [asker, code] of [
      [sender, 'RUN_UNKNOWN'],
      // The page of runs.
      [training, 'RUN_UNKNOWN'],
      [inference, 'BUS_REFUSED'],
    ] as const) {
      await expect(asker.request(Steer, { run: 'r', order: 'stop' })).rejects.toMatchObject({ code });
    }
  });
});
