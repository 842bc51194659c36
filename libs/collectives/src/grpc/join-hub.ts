import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import { Line } from '../line.js';
import type { MeetingPlace } from '../world.js';
import { findAddress, type HubAddress } from './meeting.js';
import type { HubMessage, Member, RankMessage } from './words.js';

/** A rank's end of its connection with the hub. */
export type HubLine = Line<RankMessage, HubMessage>;

/** What takes what the hub says once all are together. */
export interface Listener {
  hear(message: HubMessage): void;
  /** The connection is closed. */
  gone(): void;
}

/** How a rank joins. */
export interface Joining<Listening extends Listener> {
  /** As the others find it. */
  readonly member: Member;
  readonly seconds: number;
  /** Of rank 0: those that have not come. */
  readonly missing: (() => readonly number[]) | undefined;
  /** Once all are together. */
  readonly begin: (line: HubLine, members: readonly Member[]) => Listening;
}

const LOOK_EVERY_MS = 100;

/**
 * Joins the others at the hub whose address is, or will be, in the folder. An address of earlier ranks may be there
 * still, where nobody listens, or somebody who does not know its token.
 *
 * @throws {CodedError} TIMED_OUT, RANKS_DIFFER.
 */
export async function joinHub<Listening extends Listener>(
  place: MeetingPlace,
  joining: Joining<Listening>,
): Promise<Listening> {
  const deadline = performance.now() + joining.seconds * 1000;
  while (performance.now() < deadline) {
    const address = await findAddress(place.rendezvous);
    const listening = address && (await tryAt(address, place, { joining, deadline }));
    if (listening) return listening;
    await sleep(LOOK_EVERY_MS);
  }
  const missing = joining.missing?.() ?? [];
  const who = missing.length > 0 ? `rank ${missing.join(', ')} did not come` : 'the ranks did not all come together';
  throw new CodedError('TIMED_OUT', `${who} within ${joining.seconds} s`, { details: { file: place.rendezvous } });
}

/** @returns Undefined where the connection was closed, or the time was up, before all were together. */
function tryAt<Listening extends Listener>(
  { host, port, token }: HubAddress,
  { rank, size }: MeetingPlace,
  { joining, deadline }: { readonly joining: Joining<Listening>; readonly deadline: number },
): Promise<Listening | undefined> {
  const { member, begin } = joining;
  const socket: Socket = connect(port, host === member.host ? '127.0.0.1' : host);
  const late = setTimeout(() => socket.destroy(), deadline - performance.now());
  return new Promise((resolve, reject) => {
    let listening: Listening | undefined;
    const line: HubLine = new Line(socket, {
      isTrusted: true,
      message: (message) => {
        if (listening) listening.hear(message);
        else if (message.kind === 'together') {
          clearTimeout(late);
          resolve((listening = begin(line, message.members)));
        } else if (message.kind === 'refused') {
          clearTimeout(late);
          reject(differ(message));
          line.close();
        }
      },
      closed: () => {
        clearTimeout(late);
        if (listening) listening.gone();
        resolve(undefined);
      },
    });
    line.send({ kind: 'join', token, rank, size, member });
  });
}

function differ({ field, expected, got }: HubMessage & { readonly kind: 'refused' }): CodedError {
  return new CodedError('RANKS_DIFFER', 'Ranks that meet in one folder were not started together', {
    details: { field, expected, got },
  });
}
