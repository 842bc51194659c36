import type { RankCell } from '../watched.js';

/** A rank is `missing` until it has shown itself in the generation that is under way. */
export type RankState = 'fresh' | 'silent' | 'missing';

/** Ranks, by their states. */
export type RankCounts = Readonly<Record<RankState, number>>;

/** All ranks of a run in so few squares that a screen has room for them. */
export interface RanksPicture {
  readonly ranks: number;
  /** Ranks that share a square; the last one may have fewer. */
  readonly perSquare: number;
  /** Square n has ranks `n * perSquare` and following. */
  readonly squares: readonly RankCounts[];
}

/** As many as fit on a telephone, large enough for a finger. */
const MOST_SQUARES = 256;

/** @param silentSeconds After so long without a word a rank is silent. */
export function rankState({ host, secondsSilent = 0 }: RankCell, silentSeconds: number): RankState {
  if (host === undefined) return 'missing';
  return secondsSilent > silentSeconds ? 'silent' : 'fresh';
}

/** How many ranks are in which state. */
export function countRanks(cells: readonly RankCell[], silentSeconds: number): RankCounts {
  const counts = { fresh: 0, silent: 0, missing: 0 };
  for (const cell of cells) counts[rankState(cell, silentSeconds)] += 1;
  return counts;
}

/** Ranks that stand next to one another share a square where there are more than 256. */
export function pictureRanks(cells: readonly RankCell[], silentSeconds: number): RanksPicture {
  const perSquare = Math.max(1, Math.ceil(cells.length / MOST_SQUARES));
  const squares = Array.from({ length: Math.ceil(cells.length / perSquare) }, (_, square) =>
    countRanks(cells.slice(square * perSquare, (square + 1) * perSquare), silentSeconds),
  );
  return { ranks: cells.length, perSquare, squares };
}
