import type { CoordinatedRun, RankFigures, RankRole } from '@bluewaters/messages';

/** A rank as a picture of all of them shows it. */
export interface RankCell {
  readonly rank: number;
  /** Absent until it has shown itself in this generation, as are the others. */
  readonly host?: string;
  /** Absent as well where all ranks do the same. */
  readonly role?: RankRole;
  readonly secondsSilent?: number;
  readonly figures?: RankFigures;
}

/** What was known of a run at one of its steps. */
export type CurvePoint = Pick<RankFigures, 'step' | 'epoch' | 'loss' | 'imagesPerSecond' | 'seconds'>;

/** A line of what happened. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly run: string;
  readonly text: string;
}

/** What a coordinator lets be seen of the runs that it keeps account of, beside what stands in their table. */
export interface Watched {
  /** Whether this is the one that leads; one that stands by knows only the table. */
  readonly leads: boolean;
  /** In the order of their names. */
  records(): readonly CoordinatedRun[];
  /** Ranks `from` to `from + count - 1` of the generation that is under way. */
  cells(run: string, from: number, count: number): readonly RankCell[];
  /** Oldest first; some hundred points at most, evenly spread over the steps seen. */
  curve(run: string): readonly CurvePoint[];
  /** The newest, oldest first. */
  log(): readonly LogLine[];
}
