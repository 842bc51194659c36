import type { RankGroup } from '@bluewaters/collectives';
import type { Coordination } from './coordination.js';
import type { Seat } from './presence.js';

/** What a rank knows of its generation. */
export interface GenerationToJoin extends Pick<Seat, 'role'> {
  /** The rank that leads, and tells how the generation ended where it has asked for it. */
  readonly leader: number;
  /** Of the leader alone: the name of the run. */
  readonly run: string | undefined;
}

/**
 * Lets the coordinator know of a rank: where no launcher has asked for a generation, the rank that leads does. Every rank
 * calls it, with a coordinator to tell or without.
 */
export async function joinGeneration(
  ranks: Pick<RankGroup, 'rank' | 'size' | 'broadcast'>,
  coordination: Coordination | undefined,
  { leader, run, role }: GenerationToJoin,
): Promise<void> {
  const { rank, size } = ranks;
  const begin = async (name = ''): Promise<Pick<Seat, 'run' | 'generation'> | null> => {
    const generation = await coordination?.begin(name, size);
    return generation === undefined ? null : { run: name, generation };
  };
  const begun = await ranks.broadcast(rank === leader ? await begin(run) : undefined, leader);
  if (begun) coordination?.join({ ...begun, rank, ranks: size, role });
}
