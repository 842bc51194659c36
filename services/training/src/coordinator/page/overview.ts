import type {
  BuildResult,
  CoordinatedRun,
  IngestResult,
  JobRecord,
  ModelRecord,
  RunRecord,
} from '@bluewaters/messages';
import type { LogLine } from '../watched.js';
import type { SeenCheckpoint } from './history.js';
import type { RankCounts, RanksPicture } from './ranks-picture.js';

/** Everything that is shown of all runs, and of what goes on beside them. Times are in milliseconds since 1970. */
export interface Overview {
  /** Whether the coordinator of this page is the one that leads. */
  readonly leads: boolean;
  /** The one that does, as far as it is known. */
  readonly leader?: { readonly host: string; readonly pid: number };
  /** When the bus was heard of last, while it does not answer: all else was known then, and may have changed. */
  readonly busSilentSince?: number;
  /** Those under way first, then by name. */
  readonly runs: readonly RunOverview[];
  /** Those under way first, then the newest. */
  readonly jobs: readonly JobOverview[];
  readonly indexes: readonly IngestResult[];
  readonly datasets: readonly BuildResult[];
  readonly models: readonly ModelRecord[];
  /** Oldest first. */
  readonly log: readonly LogLine[];
}

/** A run: one that is coordinated, one that stands in the table of runs, or both. */
export interface RunOverview {
  readonly run: string;
  readonly coordinated?: CoordinatedRun;
  readonly record?: RunRecord;
  /** Where this coordinator keeps account of the run's ranks. */
  readonly counts?: RankCounts;
}

/** A job, without its result. */
export interface JobOverview extends Pick<JobRecord, 'job' | 'work' | 'state' | 'attempt' | 'progress' | 'updatedAt'> {
  /** At the rate of late; absent while that or the total is not known. */
  readonly secondsLeft?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What is shown of one run beside that. */
export interface RunDetail {
  readonly run: string;
  /** SVG in HTML figures, made here: those that have something to show. */
  readonly charts: readonly string[];
  readonly ranks?: RanksPicture;
  /** In the order of their steps. */
  readonly checkpoints: readonly SeenCheckpoint[];
}

const LONGEST_MESSAGE = 1000;

/** What is shown of a job. */
export function overviewOf({ job, work, state, attempt, progress, error, updatedAt }: JobRecord): JobOverview {
  const secondsLeft = state === 'running' ? secondsLeftOf(progress) : undefined;
  return {
    job,
    work,
    state,
    attempt,
    updatedAt,
    ...(progress && { progress }),
    ...(secondsLeft !== undefined && { secondsLeft }),
    ...(error && { error: { code: error.code, message: error.message.slice(0, LONGEST_MESSAGE) } }),
  };
}

function secondsLeftOf(progress: JobRecord['progress']): number | undefined {
  if (progress?.total === undefined || !progress.ratePerSecond) return undefined;
  return Math.max(0, progress.total - progress.done) / progress.ratePerSecond;
}

/** For sorting: what is under way comes first. */
export function isUnderWay({ coordinated, record }: RunOverview): boolean {
  return coordinated ? !['stopped', 'failed', 'done'].includes(coordinated.phase) : record?.state === 'running';
}
