/** A picture of a network: a box for each layer, top to bottom and column by column, with its branches side by side. */
import type { LayerProfile, NetworkProfile } from '@bluewaters/models';
import { formatCount } from '../terminal.js';
import { laneOffset, layOut, SIZES, type Box, type Frame, type Point } from './columns.js';
import { segmentsOf } from './segments.js';
import { escapeXml } from './svg.js';

/** By the first word of what a layer does. */
const COLOURS: Readonly<Record<string, string>> = {
  conv: '#cfe2f7',
  dense: '#fbdcb8',
  max: '#cfeccd',
  mean: '#cfeccd',
  sum: '#e6e6e6',
  concat: '#e6e6e6',
};
const OTHER_COLOUR = '#f0dff2';

const STYLE = [
  'text{font-family:sans-serif;font-size:11px;fill:#222}',
  '.title{font-size:18px;font-weight:bold}',
  '.what{font-size:10px;fill:#444}',
  '.scope{font-size:10px;fill:#777;text-anchor:end}',
  '.box{stroke:#555;stroke-width:.8}',
  '.frame{fill:#fafafa;stroke:#bbb;stroke-width:.8}',
  '.edge,.way{fill:none;stroke:#555;stroke-width:1.2}',
  '.edge{marker-end:url(#arrow)}',
].join('');

const ARROW =
  '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">' +
  '<path d="M0 0L8 4L0 8z" fill="#555"/></marker>';

/** An SVG document. */
export function drawNetwork(profile: NetworkProfile): string {
  const { frames, width, height } = layOut(segmentsOf(profile.layers));
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size}>`,
    `<style>${STYLE}</style><defs>${ARROW}</defs><rect width="100%" height="100%" fill="#fff"/>`,
    text('title', { x: SIZES.margin, y: SIZES.margin + 14 }, profile.network),
    text('what', { x: SIZES.margin, y: SIZES.margin + 32 }, summary(profile)),
    ...frames.flatMap(drawFrame),
    ...frames.flatMap((frame, index) => drawEdges(frame, frames[index - 1])),
    ...frames.flatMap(({ segment, boxes }) => boxes.map((box) => drawBox(box, segment.name))),
    '</svg>',
    '',
  ].join('\n');
}

function summary({ imageSize, channels, parameters, multiplyAdds }: NetworkProfile): string {
  const input = `${imageSize} x ${imageSize} x ${channels}`;
  return `${input}, ${formatCount(parameters)} parameters, ${formatCount(multiplyAdds / 1e6)} million multiply-adds a picture`;
}

function drawFrame({ segment, x, y, width, height }: Frame): string[] {
  if (segment.layers.length === 1) return [];
  const label = { x: x + width - SIZES.padding, y: y + height - 4 };
  return [
    `<rect class="frame" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    segment.lanes === 1 ? '' : text('scope', label, segment.name),
  ];
}

function drawBox({ layer, x, y }: Box, scope: string): string {
  const { width, height } = SIZES.box;
  const name = scope === '' ? layer.name : layer.name.slice(scope.length + 1);
  const [first = ''] = layer.does;
  const fill = COLOURS[first.split(' ')[0] ?? ''] ?? OTHER_COLOUR;
  return [
    `<g><title>${escapeXml(describe(layer))}</title>`,
    `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="4" fill="${fill}"/>`,
    text('name', { x: x + 6, y: y + 14 }, name),
    text('what', { x: x + 6, y: y + 27 }, `${first} → ${layer.output.join('×')}`),
    '</g>',
  ].join('');
}

/** What a pointer over the box shows. */
function describe({ name, does, output, parameters, multiplyAdds }: LayerProfile): string {
  const counts = `${formatCount(parameters)} parameters, ${formatCount(multiplyAdds)} multiply-adds`;
  return `${name}: ${does.join(', ')}; ${output.join(' x ')}; ${counts}`;
}

function text(style: string, { x, y }: Point, words: string): string {
  return `<text class="${style}" x="${x}" y="${y}">${escapeXml(words)}</text>`;
}

/** Edges between the boxes of a frame, and into it from the box by which everything left the frame before. */
function drawEdges(frame: Frame, before: Frame | undefined): string[] {
  const boxes = new Map(frame.boxes.map((box) => [box.layer.name, box]));
  const last = frame.boxes.at(-1)!;
  const entrance = before?.boxes.at(-1);
  const sameColumn = before?.column === frame.column;
  const top: Point = { x: frame.x + SIZES.padding + SIZES.box.width / 2, y: frame.y - SIZES.segmentGap / 2 };
  const edges = entrance && before && !sameColumn ? [path(wayUp(bottomOf(entrance), before, top), 'way')] : [];
  const source = entrance && (sameColumn ? bottomOf(entrance) : top);
  for (const box of frame.boxes) {
    for (const input of box.layer.inputs) {
      const from = boxes.get(input);
      if (from) edges.push(path(down(bottomOf(from), topOf(box))));
      else if (source && box === last && frame.segment.bypass !== undefined) edges.push(path(past(source, box, frame)));
      else if (source) edges.push(path(down(source, topOf(box))));
    }
  }
  return edges;
}

const bottomOf = ({ x, y }: Box): Point => ({ x: x + SIZES.box.width / 2, y: y + SIZES.box.height });
const topOf = ({ x, y }: Box): Point => ({ x: x + SIZES.box.width / 2, y });

/** Down, across in the gap above the target, and down again: no box stands in that gap. */
function down(from: Point, to: Point): Point[] {
  const y = to.y - SIZES.rowGap / 2;
  return from.x === to.x ? [from, to] : [from, { x: from.x, y }, { x: to.x, y }, to];
}

/** From above a frame through its free lane to the side of its last box. */
function past(from: Point, { x, y }: Box, frame: Frame): Point[] {
  const lane = frame.x + SIZES.padding + laneOffset(frame.segment.bypass ?? 0) + SIZES.box.width / 4;
  const above = frame.y - SIZES.segmentGap / 2;
  const side = { x: x + SIZES.box.width, y: y + SIZES.box.height / 2 };
  return [from, { x: from.x, y: above }, { x: lane, y: above }, { x: lane, y: side.y }, side];
}

/** From the foot of one column through the gap beside it to the head of the next. */
function wayUp(from: Point, { y, height }: Frame, to: Point): Point[] {
  const foot = y + height + SIZES.segmentGap / 2;
  const gap = to.x - SIZES.box.width / 2 - SIZES.padding - SIZES.columnGap / 2;
  return [from, { x: from.x, y: foot }, { x: gap, y: foot }, { x: gap, y: to.y }, to];
}

function path(points: readonly Point[], style: 'edge' | 'way' = 'edge'): string {
  return `<path class="${style}" d="M${points.map(({ x, y }) => `${x} ${y}`).join('L')}"/>`;
}
