import { escapeHtml } from '@bluewaters/service';

/** One line of a chart. */
export interface Curve {
  readonly name: string;
  /** In growing order of x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Sizes in pixels; the picture grows and shrinks with the page. */
const [WIDTH, HEIGHT] = [560, 240];
const MARGIN = { left: 58, right: 14, top: 14, bottom: 34 };
/** More points than a line can show are thinned out. */
const MOST_POINTS = 400;
const MOST_DOTS = 20;

/** From and to. */
type Interval = readonly [least: number, greatest: number];

/**
 * A chart of curves over steps, as an SVG element; curve n has class `curve-n`, so that the page chooses its colour.
 *
 * @returns A sentence instead when no curve has a point.
 */
export function lineChart(title: string, curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return `<p>${escapeHtml(title)}: nothing was written.</p>`;
  const xs = intervalOf(points.map(({ x }) => x));
  const ys = intervalOf(points.map(({ y }) => y));
  const lines = curves.map(({ points: its }, index) => {
    const path = thinned(its).map(({ x, y }) => `${across(x, xs).toFixed(1)},${up(y, ys).toFixed(1)}`);
    return `<polyline class="curve-${index}" fill="none" points="${path.join(' ')}"/>${dots(its, xs, ys, index)}`;
  });
  return [
    `<figure><figcaption>${escapeHtml(title)} ${legend(curves)}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">`,
    ...horizontalGrid(ys),
    ...verticalTicks(xs),
    ...lines,
    '</svg></figure>',
  ].join('\n');
}

/** Few points are shown each: a line of one would not be seen at all. */
function dots(points: Curve['points'], xs: Interval, ys: Interval, index: number): string {
  if (points.length > MOST_DOTS) return '';
  const circles = points.map(
    ({ x, y }) =>
      `<circle class="curve-${index}" r="3" cx="${across(x, xs).toFixed(1)}" cy="${up(y, ys).toFixed(1)}"/>`,
  );
  return circles.join('');
}

function legend(curves: readonly Curve[]): string {
  if (curves.length === 1) return '';
  return curves.map(({ name }, index) => `<span class="key curve-${index}">${escapeHtml(name)}</span>`).join(' ');
}

function horizontalGrid(ys: Interval): string[] {
  return ticks(ys).map((value) => {
    const y = up(value, ys).toFixed(1);
    return (
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y}" y2="${y}"/>` +
      `<text x="${MARGIN.left - 8}" y="${y}" dy="0.35em" text-anchor="end">${formatTick(value)}</text>`
    );
  });
}

function verticalTicks(xs: Interval): string[] {
  return ticks(xs, 1).map((value) => {
    const x = across(value, xs).toFixed(1);
    return `<text x="${x}" y="${HEIGHT - 10}" text-anchor="middle">${formatTick(value)}</text>`;
  });
}

function across(x: number, [least, greatest]: Interval): number {
  return MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * (x - least)) / (greatest - least);
}

function up(y: number, [least, greatest]: Interval): number {
  return HEIGHT - MARGIN.bottom - ((HEIGHT - MARGIN.top - MARGIN.bottom) * (y - least)) / (greatest - least);
}

/** One value alone gets room on both sides. */
function intervalOf(values: readonly number[]): Interval {
  const least = values.reduce((a, b) => Math.min(a, b));
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return least === greatest ? [least - 1, greatest + 1] : [least, greatest];
}

/** Some four round numbers within, no closer than that; steps are whole. */
function ticks([least, greatest]: Interval, closest = 0): number[] {
  const rough = Math.max(closest, (greatest - least) / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(least / step);
  const count = Math.floor(greatest / step) - first + 1;
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

function formatTick(value: number): string {
  return Math.abs(value) >= 1000 ? value.toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

function thinned<Point>(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}
