/** Bars and tables of numbers, as pages about archives show them. */
import { escapeHtml } from '@bluewaters/service';
import type { Moments } from './moments.js';

/** What pages about archives look like, beside what all pages do. */
export const ARCHIVE_STYLE = `
td { text-align: left; vertical-align: top; } td.n, th.n { text-align: right; }
.bar { background: var(--a); height: .8rem; max-width: 30vw; display: inline-block; }
`;

/** A row with a bar for each. @param whole What the longest bar there can be stands for. */
export function bars(rows: readonly (readonly [title: string, value: number])[], whole: number): string {
  const lines = rows.map(([title, value]) => {
    return `<tr><td>${escapeHtml(title)}</td><td class="n">${count(value)}</td><td>${bar(value / whole)}</td></tr>`;
  });
  return `<table>${lines.join('')}</table>`;
}

/** A bar for a share, 0 to 1; nothing for no number. */
export function bar(share: number): string {
  return `<span class="bar" style="width:${(20 * (share || 0)).toFixed(2)}rem"></span>`;
}

/** How numbers are spread, a row for each; nothing where there are none. */
export function momentsTable(each: Readonly<Record<string, Moments | undefined>>): string {
  const names = ['count', 'minimum', 'maximum', 'mean', 'variance', 'skewness', 'kurtosis'] as const;
  const rows = Object.entries(each).flatMap(([title, found]) => {
    const cells = names.map((name) => `<td class="n">${found ? number(found[name]) : ''}</td>`);
    return found ? [`<tr><td>${title}</td>${cells.join('')}</tr>`] : [];
  });
  if (rows.length === 0) return '';
  const head = names.map((name) => `<th class="n">${name}</th>`).join('');
  return `<div class="wide"><table><tr><th></th>${head}</tr>${rows.join('')}</table></div>`;
}

/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}
