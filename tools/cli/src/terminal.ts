import type { JobRecord } from '@bluewaters/messages';

/** Where a command tells people what goes on; results for machines go elsewhere. */
export interface Terminal {
  /** A line that stays. */
  readonly say: (line: string) => void;
  /** Shows how far a job has come; replaces what it showed of it before where that is possible. */
  readonly progress: (title: string, record: JobRecord) => void;
  /** Ends the line of progress that stands, with its last word. */
  readonly endProgress: (line: string) => void;
}

/** Milliseconds between two lines of progress where lines cannot be replaced. */
const PLAIN_EVERY_MS = 5000;

/** A terminal on a stream: one live line where it is a screen, a line every few seconds where it is not. */
export function openTerminal(stream: NodeJS.WriteStream): Terminal {
  const live = stream.isTTY;
  let toldAt = 0;
  let kind = '';
  const noticed = new Set<string>();
  const say = (line: string): void => void stream.write(live ? `\r\x1b[K${line}\n` : `${line}\n`);
  const showNotices = (record: JobRecord): void => {
    for (const notice of record.progress?.notices ?? []) {
      if (!noticed.has(notice)) say(`  note: ${notice}`);
      noticed.add(notice);
    }
  };
  return {
    say,
    progress(title, record) {
      showNotices(record);
      if (!record.progress && !live) return;
      const line = `  ${title}: ${describeProgress(record)}`;
      if (live) stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
      else if (kindOf(record) !== kind || performance.now() - toldAt > PLAIN_EVERY_MS) {
        say(line);
        kind = kindOf(record);
        toldAt = performance.now();
      }
    },
    endProgress(line) {
      noticed.clear();
      kind = '';
      say(line);
    },
  };
}

/** The phase without its numbers: a new one is told at once, its first rate too, the next epoch or shard in its time. */
function kindOf({ job, progress }: JobRecord): string {
  return `${job} ${progress?.phase.replace(/\d+/gu, '')} ${progress?.ratePerSecond ? 'with its rate' : ''}`;
}

/** `epoch 1 of 3, 24 %, 4,210 images/s, 35 s left, loss 0.213`. */
export function describeProgress({ state, progress }: JobRecord): string {
  if (!progress) return state;
  const { phase, done, total, unit, ratePerSecond, figures } = progress;
  const left = total !== undefined && ratePerSecond ? (total - done) / ratePerSecond : undefined;
  return [
    phase,
    total ? `${((100 * done) / total).toFixed(0)} %` : `${formatCount(done)} ${unit}`,
    ratePerSecond ? `${formatRate(ratePerSecond, unit)}` : undefined,
    left === undefined ? undefined : `${formatSeconds(left)} left`,
    ...Object.entries(figures ?? {}).map(([name, value]) => `${name} ${formatFigure(value)}`),
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

/** A count by all its digits; a share, or what is measured, by three. */
function formatFigure(value: number): string {
  return Number.isInteger(value) && value > 1 ? formatCount(value) : value.toPrecision(3);
}

/** `12,345`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** With one digit behind the point, `12.3 MB`. */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `4,210 images/s`, `81.3 MB/s`. */
export function formatRate(perSecond: number, unit: string): string {
  return unit === 'bytes' ? `${formatMegabytes(perSecond)}/s` : `${formatCount(perSecond)} ${unit}/s`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Lines of a table with columns as wide as they need be; numbers should come formatted. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

/** `97.3 %` of a share, 0 to 1. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** `two, 2, II, deuce` → `two`: what people call a synset. */
export function firstWord(words: string): string {
  return words.split(',')[0]?.trim() ?? words;
}
