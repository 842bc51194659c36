import type { ArchiveTour, TourPicture, TreeEntry } from '@bluewaters/ingest';
import { firstWord, formatCount, formatMegabytes, formatTable, percent } from '../terminal.js';
import { drawPicture } from './draw-picture.js';

/** A terminal's window is about so high: no one scrolls through more of a list. */
const MOST_LINES = 60;
const MOST_NAMES = 3;
const BAR_COLUMNS = 30;
/** Of a picture, in characters. */
const PICTURE_COLUMNS = 38;
const MOST_PICTURES = 4;

/** A tour as lines for a terminal. */
export async function drawTour(tour: ArchiveTour): Promise<string[]> {
  const { archive, images, synsets, bytes } = tour;
  return [
    `${archive}: ${formatCount(images)} pictures of ${formatCount(synsets)} synsets, ${formatMegabytes(bytes)}`,
    '',
    ...treeLines(tour),
    '',
    ...formatLines(tour),
    '',
    ...sizeLines(tour),
    '',
    ...oddityLines(tour),
    ...(await pictureLines(tour.pictures)),
  ];
}

function treeLines({ tree }: ArchiveTour): string[] {
  const lines = tree.flatMap((entry) => branch(entry, '', ''));
  const cut = lines.length - MOST_LINES;
  return cut > 0 ? [...lines.slice(0, MOST_LINES), `  … ${formatCount(cut)} lines more: --html has them all`] : lines;
}

/** An entry, and below it what is below it. @param stem What stands left of its children. */
function branch({ synset, words, own, all, children }: TreeEntry, fork: string, stem: string): string[] {
  const name = own ? `${firstWord(words)} (${synset})` : firstWord(words);
  const below = children.flatMap((child, n) => {
    const last = n === children.length - 1;
    return branch(child, `${stem}${last ? '└─ ' : '├─ '}`, `${stem}${last ? '   ' : '│  '}`);
  });
  return [`  ${fork}${name}  ${formatCount(all.images)}, ${formatMegabytes(all.bytes)}`, ...below];
}

function formatLines({ formats, images }: ArchiveTour): string[] {
  const rows = formats.map((each) => [
    each.format,
    formatCount(each.images),
    percent(each.images / images),
    formatMegabytes(each.bytes),
  ]);
  return formatTable(['format', 'pictures', 'share', 'bytes'], rows);
}

function sizeLines({ sizes, width, height }: ArchiveTour): string[] {
  const most = Math.max(...sizes.map(({ images }) => images));
  const rows = sizes.map(({ from, to, images }) => [
    `${from} to ${to - 1}`,
    formatCount(images),
    '█'.repeat(Math.ceil((BAR_COLUMNS * images) / most)),
  ]);
  const range = (each: typeof width): string =>
    each === undefined ? '' : `${each.minimum} to ${each.maximum}, ${each.mean.toFixed(0)} on average`;
  return [
    ...formatTable(['shorter side', 'pictures', ''], rows),
    `  width ${range(width)}; height ${range(height)}, in pixels`,
  ];
}

function oddityLines({ oddities, boxes }: ArchiveTour): string[] {
  const lines = oddities.flatMap(({ what, count, names }) => [
    `  ${formatCount(count)}  ${what}`,
    ...names.slice(0, MOST_NAMES).map((name) => `       ${name}`),
    ...(names.length > MOST_NAMES ? ['       …'] : []),
  ]);
  const note = boxes ? [] : ['  of boxes nothing can be said without --annotations'];
  return ['oddities', ...(lines.length === 0 ? ['  none'] : lines), ...note];
}

async function pictureLines(pictures: readonly TourPicture[]): Promise<string[]> {
  const lines: string[] = [];
  for (const picture of pictures.slice(0, MOST_PICTURES)) {
    const { words, synset, name, size, boxes } = picture;
    const drawn = await drawPicture(picture, PICTURE_COLUMNS);
    const around = boxes.length === 0 ? 'no box' : `${boxes.length} ${boxes.length === 1 ? 'box' : 'boxes'}`;
    lines.push('', `${firstWord(words)} (${synset}): ${name}, ${size.join(' x ')}, ${around}`);
    lines.push(...drawn.map((line) => `  ${line}`));
  }
  return lines;
}
