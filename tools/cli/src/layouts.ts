/** How many processes are parameter servers and how many workers, by the names of jobs that had so many. */
import { quarterOf, type Layout } from '@bluewaters/collectives';
import { z } from 'zod';

/** The talk's job, with a barrier every step (`--update synchronous`), and its successor of 2018, asynchronous. */
const FIXED = {
  talk: { servers: 1, workers: 15 },
  successor: { servers: 4, workers: 16 },
} as const;

/** Names of layouts; `by-gpu` is told apart by who asks each host or rank, and is `quarter` where all are alike. */
const LAYOUT_NAMES = ['talk', 'successor', 'quarter', 'by-gpu'] as const;

/** For whoever starts servers and workers, and for ranks that are some of them. */
export const layoutOption = z
  .enum(LAYOUT_NAMES)
  .optional()
  .describe(
    'servers and workers of the original jobs: talk for 1 and 15, successor for 4 and 16; quarter: of all, a quarter ' +
      'servers; by-gpu: where some have a GPU and some none, those without are the servers, else a quarter',
  );

/** What options say of them. */
export interface LayoutValues {
  readonly layout?: (typeof LAYOUT_NAMES)[number] | undefined;
  readonly servers?: number | undefined;
  readonly workers?: number | undefined;
}

/** Whether who has a GPU decides who is a server: with a number in the options it does not. */
export function isByGpu({ layout, servers, workers }: LayoutValues): boolean {
  return layout === 'by-gpu' && servers === undefined && workers === undefined;
}

/**
 * What options say of servers and workers: a number goes before the layout's.
 *
 * @param all How many there are to be of both, where that is known.
 * @throws {CodedError} CONFIG_INVALID for a quarter of one, or of nobody knows how many.
 */
export function layoutOf({ layout, servers, workers }: LayoutValues, all: number | undefined): Partial<Layout> {
  const named = layout === undefined ? {} : layout in FIXED ? FIXED[layout as keyof typeof FIXED] : quarterOf(all);
  return { ...named, ...(servers !== undefined && { servers }), ...(workers !== undefined && { workers }) };
}
