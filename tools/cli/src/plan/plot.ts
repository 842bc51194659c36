/** A picture of plans: efficiency over ranks, a line for each network. */
import { escapeXml } from '../drawing/svg.js';
import { formatCount } from '../terminal.js';

/** One network's line. */
export interface Curve {
  readonly name: string;
  /** Ranks, and their efficiency from 0 to 1. */
  readonly points: readonly (readonly [ranks: number, efficiency: number])[];
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { left: 60, right: 150, top: 50, bottom: 50 };
const COLOURS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf'];
const STYLE =
  'text{font-family:sans-serif;font-size:12px;fill:#222}.title{font-size:16px;font-weight:bold}' +
  '.grid{stroke:#ddd;stroke-width:1}.curve{fill:none;stroke-width:2}';

/** An SVG document. @param curves At least one, of one point or more. */
export function plotEfficiency(title: string, curves: readonly Curve[]): string {
  const most = Math.max(2, ...curves.flatMap(({ points }) => points.map(([ranks]) => ranks)));
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const x = (ranks: number): number => MARGIN.left + (Math.log2(ranks) / Math.log2(most)) * (right - MARGIN.left);
  const y = (share: number): number => bottom - Math.min(1, share) * (bottom - MARGIN.top);
  const ticks = Array.from({ length: Math.floor(Math.log2(most) / 2) + 1 }, (_, index) => 4 ** index);
  const size = `width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`;
  const text = (at: readonly [number, number], words: string, more = ''): string =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}"${more}>${escapeXml(words)}</text>`;
  const line = (from: readonly [number, number], to: readonly [number, number]): string =>
    `<path class="grid" d="M${from[0].toFixed(1)} ${from[1].toFixed(1)}L${to[0].toFixed(1)} ${to[1].toFixed(1)}"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size}><style>${STYLE}</style>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text([MARGIN.left, 28], title, ' class="title"'),
    ...[0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
      line([MARGIN.left, y(share)], [right, y(share)]),
      text([MARGIN.left - 10, y(share) + 4], `${(100 * share).toFixed(0)} %`, ' text-anchor="end"'),
    ]),
    ...ticks.flatMap((ranks) => [
      line([x(ranks), MARGIN.top], [x(ranks), bottom]),
      text([x(ranks), bottom + 18], formatCount(ranks), ' text-anchor="middle"'),
    ]),
    text([(MARGIN.left + right) / 2, HEIGHT - 10], 'ranks', ' text-anchor="middle"'),
    ...curves.flatMap(({ name, points }, index) => {
      const colour = COLOURS[index % COLOURS.length];
      const path = points.map(([ranks, share]) => `${x(ranks).toFixed(1)} ${y(share).toFixed(1)}`).join('L');
      const label = [right + 8, y(points.at(-1)?.[1] ?? 0) + 4] as const;
      return [`<path class="curve" stroke="${colour}" d="M${path}"/>`, text(label, name, ` style="fill:${colour}"`)];
    }),
    '</svg>',
    '',
  ].join('\n');
}
