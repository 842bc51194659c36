import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { until } from '@bluewaters/testing';
import type { BusUser, ComposedBus } from './composed-bus.js';

/** What a user asks of the server, in its protocol: `PUB subject 0\r\n` or `SUB subject 1`. */
export type Line = `PUB ${string}\r\n${string}` | `SUB ${string} ${number}`;

/** A message as it came. */
export interface RawMessage {
  /** That of the stream, where it comes from one. */
  readonly subject: string;
  /** Headers before it. */
  readonly body: string;
}

/** A user on the bus of compose.yaml, past our own client. */
export class RawUser {
  /** What came to the subjects that were subscribed to, in order. */
  readonly heard: RawMessage[] = [];
  /** Subjects that the server has refused, in order. */
  readonly refused: string[] = [];
  readonly #socket: TLSSocket;
  /** A character for each byte. */
  #unread = '';
  #pongs = 0;
  #pings = 0;
  #fault: Error | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#unread += text;
      while (this.#readOne());
    });
  }

  /** Connects with the password of `user`. */
  static async open(bus: ComposedBus, user: BusUser): Promise<RawUser> {
    const { hostname, port } = new URL(bus.url);
    const plain = connect(Number(port), hostname);
    await once(plain, 'data');
    const ca = await readFile(`${bus.secrets}/nats_ca`);
    const opened = new RawUser(connectTls({ socket: plain, ca, servername: 'localhost' }));
    const pass = await readFile(`${bus.secrets}/nats_${user}`, 'utf8');
    const options = { user, pass, verbose: false, pedantic: false, headers: true };
    opened.#socket.write(`CONNECT ${JSON.stringify(options)}\r\n`);
    return opened;
  }

  /** Says lines; resolves when the server has read them. */
  async say(...lines: readonly Line[]): Promise<void> {
    this.#pings += 1;
    const pings = this.#pings;
    this.#socket.write([...lines, 'PING', ''].join('\r\n'));
    await until('an answer of NATS', () => this.#pongs >= pings || this.#fault !== undefined);
    if (this.#fault) throw this.#fault;
  }

  /** Publishes, and has the answer go where `reply` says. */
  async publish(subject: string, body = '', reply = ''): Promise<void> {
    await this.say(`PUB ${subject} ${reply} ${body.length}\r\n${body}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #readOne(): boolean {
    const end = this.#unread.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#unread.slice(0, end);
    const [verb = '', subject = '', ...rest] = line.split(' ');
    const bytes = /^H?MSG$/u.test(verb) ? Number(rest.at(-1)) + 2 : 0;
    if (this.#unread.length < end + 2 + bytes) return false;
    const body = this.#unread.slice(end + 2, end + bytes);
    this.#unread = this.#unread.slice(end + 2 + bytes);
    if (bytes > 0) this.heard.push({ subject, body });
    else if (verb === 'PONG') this.#pongs += 1;
    else if (verb === '-ERR') this.#refuse(line);
    return true;
  }

  #refuse(line: string): void {
    const [, subject] = /^-ERR 'Permissions Violation for \w+ (?:to|for) "([^"]+)"/u.exec(line) ?? [];
    if (subject === undefined) this.#fault = new Error(line);
    else this.refused.push(subject);
  }
}

/** Says lines as a user, and answers which of their subjects the server refuses, in order. */
export async function refusedBy(bus: ComposedBus, user: BusUser, lines: readonly Line[]): Promise<string[]> {
  const raw = await RawUser.open(bus, user);
  await raw.say(...lines).finally(() => raw.close());
  return raw.refused;
}
