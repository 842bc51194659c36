import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import type { BusUser, ComposedBus } from './composed-bus.js';

/** What a user asks of the server, in its protocol: `PUB subject 0\r\n` or `SUB subject 1`. */
export type Line = `PUB ${string} ${number}\r\n${string}` | `SUB ${string} ${number}`;

/**
 * Says lines to the bus of compose.yaml, past our own client, and answers which of their subjects the server refuses,
 * in order.
 */
export async function refusedBy(bus: ComposedBus, user: BusUser, lines: readonly Line[]): Promise<string[]> {
  const { hostname, port } = new URL(bus.url);
  const plain = connect(Number(port), hostname);
  await once(plain, 'data');
  const socket = connectTls({ socket: plain, ca: await readFile(`${bus.secrets}/nats_ca`), servername: 'localhost' });
  const pass = await readFile(`${bus.secrets}/nats_${user}`, 'utf8');
  const greeting = `CONNECT ${JSON.stringify({ user, pass, verbose: false, pedantic: false, headers: true })}`;
  socket.write([greeting, ...lines, 'PING', ''].join('\r\n'));
  const refused: string[] = [];
  for await (const line of createInterface({ input: socket })) {
    const [, subject] = /^-ERR 'Permissions Violation for \w+ (?:to|for) "([^"]+)"/u.exec(line) ?? [];
    if (subject !== undefined) refused.push(subject);
    else if (line.startsWith('-ERR')) throw new Error(line);
    if (line.startsWith('PONG')) break;
  }
  socket.destroy();
  return refused;
}
