/** What every program does that is one of several ranks: meet the others, work, part; and end with them where one fails. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DEFAULT_PATIENCE,
  EXIT_CODES,
  openRanks,
  type MeetingPlace,
  type Patience,
  type Place,
  type RankGroup,
} from '@bluewaters/collectives';
import { toCodedError } from '@bluewaters/errors';
import { isPeerLost } from '@bluewaters/tensorflow';
import type { Coordination } from './presence/coordination.js';

/**
 * What a rank tells whoever launched it: where it is, and how it ended where it did not end well. Its number is left out
 * by a process that failed before it knew it.
 */
export type RankWord =
  | { readonly rank: number; readonly pid: number; readonly host: string }
  | { readonly rank?: number; readonly failed: string }
  | { readonly rank: number; readonly stopped: string };

/** Who is to know of a rank. */
export interface AmongOptions {
  readonly patience?: Partial<Patience>;
  /** Told what `bluewaters launch` wants to know of a rank. */
  readonly tell: (word: RankWord) => void;
}

/**
 * Works as one of the ranks that were started together.
 *
 * @param coordination Is told how it ended.
 * @throws {CodedError} INTERRUPTED as the work says it, once all ranks have parted; what `openRanks` says. On any other
 * failure it ends the process, since the other ranks must end with it.
 */
export async function amongRanks<Result>(
  place: Place | MeetingPlace,
  { patience, tell }: AmongOptions,
  work: (ranks: RankGroup) => Promise<Result>,
  coordination?: Pick<Coordination, 'end'>,
): Promise<Result> {
  const { rank } = place;
  tell({ rank, pid: process.pid, host: hostname() });
  let ranks: RankGroup | undefined;
  try {
    ranks = await openRanks(place, patience);
    const result = await work(ranks);
    await ranks.close();
    await coordination?.end('done');
    return result;
  } catch (error) {
    const { code, message } = toCodedError(error);
    if (code === 'INTERRUPTED') {
      tell({ rank, stopped: message });
      await ranks?.close();
      await coordination?.end('stopped', message);
      throw error;
    }
    const { silence = DEFAULT_PATIENCE.silence } = patience ?? {};
    // A connection breaks before the watchdog knows who is lost, which it says, and ends this process.
    if (code === 'PROCESS_DIED' || isPeerLost(error)) await sleep((silence + 2) * 1000);
    tell({ rank, failed: `${code}: ${message}` });
    await coordination?.end('failed', `${code}: ${message}`);
    if (!ranks) throw error;
    return ranks.end(EXIT_CODES.failed);
  }
}
