/** How many processes are parameter servers and how many workers, by the names of jobs that had so many. */
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';

/** The talk's job, with a barrier every step (`--update synchronous`), and its successor of 2018, asynchronous. */
const FIXED = {
  talk: { servers: 1, workers: 15 },
  successor: { servers: 4, workers: 16 },
} as const;

/** Names of layouts; `quarter` is what the successor did where every node had a GPU. */
const LAYOUT_NAMES = ['talk', 'successor', 'quarter'] as const;

/** For whoever starts servers and workers, and for ranks that are some of them. */
export const layoutOption = z
  .enum(LAYOUT_NAMES)
  .optional()
  .describe(
    'servers and workers of the original jobs: talk for 1 and 15, successor for 4 and 16; quarter: of all, a quarter servers',
  );

/** Servers and workers. */
export interface Layout {
  readonly servers: number;
  readonly workers: number;
}

/** What options say of them. */
export interface LayoutValues {
  readonly layout?: (typeof LAYOUT_NAMES)[number] | undefined;
  readonly servers?: number | undefined;
  readonly workers?: number | undefined;
}

/**
 * What options say of servers and workers: a number goes before the layout's.
 *
 * @param all How many there are to be of both, where that is known.
 * @throws {CodedError} CONFIG_INVALID for a quarter of one, or of nobody knows how many.
 */
export function layoutOf({ layout, servers, workers }: LayoutValues, all: number | undefined): Partial<Layout> {
  const named = layout === undefined ? {} : layout === 'quarter' ? quarterOf(all) : FIXED[layout];
  return { ...named, ...(servers !== undefined && { servers }), ...(workers !== undefined && { workers }) };
}

function quarterOf(all: number | undefined): Layout {
  if (all !== undefined && all > 1) {
    const servers = Math.max(1, Math.floor(all / 4));
    return { servers, workers: all - servers };
  }
  throw new CodedError('CONFIG_INVALID', 'A quarter of how many is to be parameter servers?', {
    details: {
      field: 'layout',
      expected: 'two hosts or ranks at least',
      got: String(all ?? 'nothing that says how many'),
    },
  });
}
