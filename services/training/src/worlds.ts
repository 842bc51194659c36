/** How many processes made which steps of a run: another number may go on with it after each start. */
import { z } from 'zod';
import type { OpenedRun } from './run-context.js';
import type { Member } from './servers/member.js';

/** Those that made the steps from one on. */
export const World = z.strictObject({
  /** Steps that were made before. */
  fromStep: z.int().nonnegative(),
  /** Ranks, or workers of parameter servers. */
  ranks: z.int().positive(),
  /** Parameter servers, where there were some. */
  servers: z.int().positive().optional(),
});
/** See {@link World:variable}. */
export type World = z.infer<typeof World>;

/** Those of a run that goes on from a step, this one last where it is another than before. */
export function worldsFrom({ ranks: { size }, member, entry }: WorldSources, fromStep: number): World[] {
  const own: World = { fromStep, ...(member ? { ranks: member.workers, servers: member.servers } : { ranks: size }) };
  const before = madeUpTo(entry?.worlds ?? [], fromStep);
  const last = before.at(-1);
  return last?.ranks === own.ranks && last.servers === own.servers ? before : [...before, own];
}

/** Those that made steps up to one that the run has gone back to. */
export function madeUpTo(worlds: readonly World[], step: number): World[] {
  return worlds.filter(({ fromStep }) => fromStep < step);
}

interface WorldSources {
  readonly ranks: Pick<OpenedRun['ranks'], 'size'>;
  readonly member?: Pick<Member, 'workers' | 'servers'> | undefined;
  readonly entry: { readonly worlds: readonly World[] } | undefined;
}

/** `4; 2 from step 120 on`. */
export function describeWorlds(worlds: readonly World[]): string {
  const texts = worlds.map(({ fromStep, ranks, servers }) => {
    const who = servers === undefined ? String(ranks) : `${counted(ranks, 'worker')} of ${counted(servers, 'server')}`;
    return fromStep === 0 ? who : `${who} from step ${fromStep} on`;
  });
  return texts.join('; ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
