import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineCommand,
  defineEvent,
  defineState,
  defineWork,
  Models,
  openBus,
  RankReported,
  Steer,
  Train,
  type MessageBus,
} from '@bluewaters/messages';
import { describeWith, until } from '@bluewaters/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { startComposedBus, type BusUser, type ComposedBus } from './support/composed-bus.js';
import { RawUser } from './support/raw-nats.js';

// Whatever comes counts, in whatever form.
const Orders = defineCommand(Steer.subject, z.unknown(), z.unknown());
const Work = defineWork(Train.subject, z.unknown(), z.unknown());
const Reports = defineEvent(RankReported.subject, z.unknown());
const Table = defineState(Models.bucket, z.unknown());

/** What inference may write and read, and so the means of whoever took it over. */
const TABLE = 'bluewaters-told';
const STREAM = `KV_${TABLE}`;
const INBOX = '_INBOX.inference.answers';
/** What services take, and what the server's own API takes. */
const ORDER = JSON.stringify({ run: 'r', order: 'stop' });
const NOTHING = '{}';

/** Where inference may not publish, each with what would do harm there. */
const FORBIDDEN = [
  [`bw.command.${Orders.subject}`, ORDER],
  [`bw.work.${Work.subject}`, ORDER],
  [`bw.event.${Reports.subject}`, ORDER],
  [`$KV.bluewaters-${Table.bucket}.forged`, ORDER],
  ['$JS.API.STREAM.DELETE.bluewaters-work', NOTHING],
  [`$JS.API.STREAM.PURGE.KV_bluewaters-${Table.bucket}`, NOTHING],
] as const;

await describeWith(['nats', 'openssl'], 'inference on the bus of compose.yaml, taken over', () => {
  let composed: ComposedBus;
  const buses: MessageBus[] = [];
  const raws: RawUser[] = [];

  beforeAll(async () => {
    composed = await startComposedBus();
  });
  afterAll(async () => {
    raws.forEach((raw) => raw.close());
    await Promise.all(buses.map((bus) => bus.close()));
  });

  const openAs = async (user: BusUser): Promise<MessageBus> => {
    for (const [name, value] of Object.entries(composed.environmentOf(user))) vi.stubEnv(name, value);
    const bus = await openBus({ kind: 'nats', url: composed.url });
    vi.unstubAllEnvs();
    buses.push(bus);
    return bus;
  };
  const rawAs = async (user: BusUser): Promise<RawUser> => {
    const raw = await RawUser.open(composed, user);
    raws.push(raw);
    return raw;
  };

  /** What comes of a request of inference's own, when it comes. */
  const answerTo = async (thief: RawUser, subject: string, body = ''): Promise<string> => {
    const before = thief.heard.length;
    await thief.publish(subject, body, INBOX);
    await until(`an answer to ${subject}`, () => thief.heard.length > before);
    return thief.heard[before]!.body;
  };

  /** Everything by which the server sends bytes of inference's to where inference says. */
  async function sendTo(thief: RawUser, target: string, text: string): Promise<void> {
    await answerTo(thief, `$KV.${TABLE}.forged`, text);
    const create = (config: object): Promise<string> =>
      answerTo(
        thief,
        `$JS.API.CONSUMER.CREATE.${STREAM}`,
        JSON.stringify({ stream_name: STREAM, config: { ack_policy: 'none', deliver_policy: 'all', ...config } }),
      );
    // It pushes; to those who share what comes, too.
    await create({ deliver_subject: target });
    await create({ deliver_subject: target, deliver_group: 'bluewaters' });
    // It answers.
    await thief.publish(`$JS.API.DIRECT.GET.${STREAM}.$KV.${TABLE}.forged`, '', target);
    const { name } = JSON.parse(await create({})) as { name: string };
    await thief.publish(`$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${name}`, '1', target);
    await thief.publish(`$JS.API.STREAM.INFO.${STREAM}`, '', target);
    await thief.publish('$JS.API.INFO', '', target);
    expect(thief.refused).toEqual([]);
  }

  it('cannot have NATS say, write or do for it what it may not itself', async () => {
    const [training, cli, inference] = [await openAs('training'), await openAs('cli'), await openAs('inference')];
    const got: string[] = [];
    await training.serve(Orders, async (order) => got.push(`order ${JSON.stringify(order)}`));
    await training.work(Work, async (work) => void got.push(`work ${JSON.stringify(work)}`));
    await cli.subscribe(Reports, (report) => void got.push(`report ${JSON.stringify(report)}`));
    const models = await training.state(Table);
    await models.put('there', 1);
    await inference.state(defineState('told', z.unknown()));
    const listener = await rawAs('training');
    await listener.say('SUB bw.command.> 1', 'SUB bw.command.training.> 2');
    const thief = await rawAs('inference');
    await thief.say(`SUB ${INBOX} 1`);
    for (const [target, text] of FORBIDDEN) await sendTo(thief, target, text);
    // All of these ways but pushing lead to where inference may listen.
    const own = await rawAs('inference');
    await own.say('SUB _INBOX.inference.stolen 1');
    await sendTo(thief, '_INBOX.inference.stolen', ORDER);
    await until('four answers', () => own.heard.length === 4);
    await cli.submit(Work, 'of the command line');
    await until('work', () => got.length > 0);
    await sleep(500);
    expect(got).toEqual(['work "of the command line"']);
    expect(listener.heard).toEqual([]);
    expect((await models.list()).map(({ key }) => key)).toEqual(['there']);
  });
});
