import type { CoordinatedRun, RoleShare } from '@bluewaters/messages';
import { formatCount, percent } from './terminal.js';

/** Header of a table of runs as their coordinator sees them. */
export const COORDINATED_HEADER = ['run', 'phase', 'generation', 'ranks', 'step', 'images/s', 'loss', 'time', 'note'];

/** A row of that table. */
export function coordinatedRow(record: CoordinatedRun): string[] {
  const { run, phase, generation, ranks, arrived, figures } = record;
  return [
    ...[run, phase, formatCount(generation), arrived === ranks ? formatCount(ranks) : `${arrived} of ${ranks}`],
    ...[figures ? formatCount(figures.step) : '-', figures ? formatCount(figures.imagesPerSecond) : '-'],
    figures?.loss === undefined ? '-' : figures.loss.toPrecision(3),
    split(record),
    notes(record).join('; '),
  ];
}

/** `input 2 %, compute 90 %, reduce 8 %`. */
function split({ figures }: CoordinatedRun): string {
  if (!figures) return '-';
  const parts = Object.entries(figures.seconds);
  const whole = parts.reduce((sum, [, seconds]) => sum + seconds, 0);
  if (whole === 0) return '-';
  return parts.map(([name, seconds]) => `${name} ${percent(seconds / whole, 0)}`).join(', ');
}

function notes({ reason, missing, silent, slowest, roles = [], scaleTo, figures }: CoordinatedRun): string[] {
  return [
    reason,
    missing.length > 0 ? `waiting for ${ranksOf(missing)}` : undefined,
    silent.length > 0 ? `nothing heard of ${ranksOf(silent)}` : undefined,
    slowest && `the others wait for rank ${slowest.rank} on ${slowest.host}, busy ${slowest.times} times as long`,
    scaleTo === undefined ? undefined : `to go on with ${scaleTo} ranks`,
    ...roles.map(place),
    figures?.staleness === undefined ? undefined : `staleness ${figures.staleness.toPrecision(2)}`,
    figures?.dropped === undefined ? undefined : `${formatCount(figures.dropped)} gradients dropped`,
  ].filter((note) => note !== undefined);
}

/** `server: rank 0 on nid1`, `worker: ranks 2, 3 on nid2, nid3`. */
function place({ role, count, ranks, hosts }: RoleShare): string {
  const more = count > ranks.length ? ` and ${formatCount(count - ranks.length)} more` : '';
  return `${role}: ${ranksOf(ranks)}${more} on ${hosts.join(', ')}`;
}

function ranksOf(ranks: readonly number[]): string {
  return ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${ranks.join(', ')}`;
}
