import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, tensorflowVersion } from '@bluewaters/tensorflow';
import { EXIT_CODES } from '../exit-codes.js';
import { localPlace, ownHost, serverAddresses } from '../hosts.js';
import { DEFAULT_PATIENCE, type Patience } from '../patience.js';
import type { Facts, GraphTransport, RankGroup } from '../rank-group.js';
import type { MeetingPlace } from '../world.js';
import { CollectiveExchange } from './collective-exchange.js';
import { HeldPort } from './held-port.js';
import { Hub } from './hub.js';
import { joinHub, type HubLine, type Listener } from './join-hub.js';
import { leaveAddress } from './meeting.js';
import { endProcess } from './native-exit.js';
import type { HubMessage, Member, RankMessage } from './words.js';

/** The job of TensorFlow's servers: ranks are its tasks. */
const JOB = 'worker';
const LEADER = `/job:${JOB}/replica:0/task:0`;

/** For the others to be told that this process ends. */
const LAST_WORDS_MS = 2000;

/** What a rank that has joined is made from. */
interface Parts {
  readonly place: MeetingPlace;
  readonly patience: Patience;
  readonly hub: Hub | undefined;
  readonly port: HeldPort;
  readonly line: HubLine;
  readonly members: readonly Member[];
}

/**
 * The ranks that were started together, where there is no MPI. Their programs speak over sockets, by way of rank 0; their
 * graphs exchange tensors by TensorFlow's own collective operations, over gRPC. There is one for each process.
 *
 * From the time that it is open every rank shows a sign of life once a second. When one is lost, every other one ends
 * with exit code 76 and names it on stderr: TensorFlow's collective operations wait for ever for one that hangs.
 */
export class GrpcCommunicator implements RankGroup, Listener {
  readonly rank: number;
  readonly size: number;
  readonly hosts: readonly string[];
  /** TensorFlow does not tell. */
  readonly exchanged = 0;
  readonly facts: Facts = { TensorFlow: tensorflowVersion() };
  readonly #parts: Parts;
  readonly #watch: NodeJS.Timeout;
  /** Seconds without a word from rank 0. */
  #quiet = 0;
  #hasLeft = false;
  #isOver = false;
  /** Takes what comes of the collective that is under way, or the end of all. */
  #answer: (message: HubMessage) => void = () => undefined;
  /** Those before the next collective. */
  #before: Promise<unknown> = Promise.resolve();
  #server: Server | undefined;
  /** Of the next collective operation in a graph of this process. */
  #nextKey = 1;

  private constructor(parts: Parts) {
    const { place, members } = parts;
    this.#parts = parts;
    this.rank = place.rank;
    this.size = place.size;
    this.hosts = members.map(({ host }) => host);
    this.#watch = setInterval(() => this.#look(), 1000);
  }

  /**
   * Finds the other ranks by the folder of the place.
   *
   * @throws {CodedError} TIMED_OUT naming those that did not come; RANKS_DIFFER when they were started as another number
   * of ranks, or two as the same one.
   */
  static async open(place: MeetingPlace, patience: Partial<Patience> = {}): Promise<GrpcCommunicator> {
    const whole = { ...DEFAULT_PATIENCE, ...patience };
    const host = ownHost();
    const token = randomUUID();
    const hub = place.rank === 0 ? await Hub.open(place.size, token, whole, host) : undefined;
    try {
      if (hub) await leaveAddress(place.rendezvous, { host, port: hub.port, token });
      const port = await HeldPort.take();
      return await joinHub(place, {
        member: { host, port: port.number },
        seconds: whole.start,
        missing: hub && (() => hub.missing),
        begin: (line, members) => new GrpcCommunicator({ place, patience: whole, hub, port, line, members }),
      });
    } catch (error) {
      hub?.close();
      throw error;
    }
  }

  get local(): RankGroup['local'] {
    return localPlace(this.hosts, this.rank);
  }

  get graphs(): GraphTransport {
    const device = `/job:${JOB}/task:${this.rank}`;
    return {
      device,
      exchange: (settings) => {
        const place = { rank: this.rank, worldSize: this.size, device, nextKey: () => this.#nextKey++ };
        return new CollectiveExchange({ ...settings, ...place });
      },
      // Threads are those of the server.
      session: (threads) => {
        const { target } = this.#started(threads);
        return { target, deviceFilters: [device], collectiveLeader: LEADER };
      },
    };
  }

  async barrier(): Promise<void> {
    await this.gather(null);
  }

  async broadcast<Value>(value: Value | undefined, root = 0): Promise<Value> {
    const values = await this.gather(this.rank === root ? value : undefined);
    return values[root] as Value;
  }

  async gather<Value>(own: Value): Promise<Value[]> {
    const answer = await this.#ask({ kind: 'give', value: own ?? null });
    return (answer.kind === 'all' ? answer.values : []) as Value[];
  }

  async close(): Promise<void> {
    this.#hasLeft = true;
    await this.#ask({ kind: 'leave' });
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#parts.port[Symbol.dispose]();
    this.#parts.line.close();
    this.#parts.hub?.close();
  }

  async end(exitCode: number): Promise<never> {
    this.#parts.line.send({ kind: 'end', exitCode });
    await sleep(LAST_WORDS_MS); // the hub answers by what ends this process
    return endProcess(exitCode);
  }

  /** TensorFlow's server, which needs to know the threads that it computes with. */
  #started(threads: number): Server {
    if (this.#server) return this.#server;
    const { members, port } = this.#parts;
    port[Symbol.dispose]();
    this.#server = Server.start({
      cluster: { [JOB]: serverAddresses(members) },
      task: { job: JOB, index: this.rank },
      intraOpThreads: threads,
      interOpThreads: threads,
      collectiveLeader: LEADER,
    });
    return this.#server;
  }

  /** Once all calls before have had theirs. */
  #ask(message: RankMessage): Promise<HubMessage> {
    const asked = this.#before.then(
      () =>
        new Promise<HubMessage>((resolve) => {
          this.#answer = resolve;
          this.#parts.line.send(message);
        }),
    );
    this.#before = asked;
    return asked;
  }

  /** For the connection with the hub. */
  hear(message: HubMessage): void {
    this.#quiet = 0;
    if (message.kind === 'all' || message.kind === 'over') this.#answer(message);
    else if (message.kind === 'end') endProcess(message.exitCode);
    else if (message.kind === 'lost') this.#lose(message.words);
  }

  #look(): void {
    const { line, patience } = this.#parts;
    if (!this.#hasLeft) line.send({ kind: 'alive' });
    this.#quiet += 1;
    if (this.#quiet > patience.silence) this.#lose(`no sign of life for ${patience.silence} s from ${this.#first}`);
  }

  /** For the connection with the hub. */
  gone(): void {
    if (!this.#isOver) this.#lose(`there is no connection any more with ${this.#first}`);
  }

  get #first(): string {
    return `rank 0 on ${this.hosts[0]}`;
  }

  #lose(words: string): void {
    process.stderr.write(`bluewaters: rank ${this.rank} ends this generation: ${words}\n`);
    endProcess(EXIT_CODES.rankLost);
  }
}
