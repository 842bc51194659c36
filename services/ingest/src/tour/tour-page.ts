/** A tour as one HTML file without script that fetches nothing: pictures are in it. */
import { escapeHtml, htmlFigures, htmlPage, htmlTable, jpegUrl, percent, type PageTerms } from '@bluewaters/service';
import type { IndexedBox } from '@bluewaters/records';
import { ARCHIVE_STYLE, bar, bars, count, momentsTable } from '../report/bars.js';
import type { TreeEntry } from './synset-tree.js';
import type { ArchiveTour, TourPicture } from './tour.js';

/** A tree of more lines is shown folded below this level. */
const MOST_OPEN = 80;
const OPEN_LEVELS = 3;

const STYLE = `${ARCHIVE_STYLE}
.tree ul { list-style: none; margin: 0; padding-left: 1.3rem; border-left: 1px solid var(--line); }
.tree > ul { padding-left: 0; border: 0; } .tree summary { cursor: pointer; } .tree .leaf { padding-left: 1rem; }
.tree .bar { margin: 0 .5rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1.2rem; align-items: end; }
.frame { position: relative; display: block; line-height: 0; } .frame img { width: 100%; height: auto; }
.frame svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.frame rect { fill: none; stroke: var(--b); stroke-width: 3; vector-effect: non-scaling-stroke; }
.names { max-width: 40rem; }
`;

/** The page of a tour. @param terms Of the dataset that the archive is of, where it has some. */
export function tourPage(tour: ArchiveTour, terms?: PageTerms): string {
  const { archive, images, synsets, bytes, boxes } = tour;
  const figures = [
    ['pictures', count(images)],
    ['synsets', count(synsets)],
    ['of pictures', megabytes(bytes)],
    ['a picture, on average', `${count(Math.round(bytes / images / 1000))} kB`],
    ...(boxes ? [['boxes', count(boxes.boxes)] as const] : []),
  ] as const;
  return htmlPage({
    title: `${archive}: ${count(images)} pictures of ${count(synsets)} synsets`,
    style: STYLE,
    terms,
    sections: [
      htmlFigures(figures),
      '<h2>Pictures</h2>',
      `<div class="pictures">${tour.pictures.map((picture) => figure(picture)).join('\n')}</div>`,
      '<h2>Synsets</h2>',
      tree(tour),
      '<h2>Formats</h2>',
      formats(tour),
      '<h2>Sizes</h2>',
      sizes(tour),
      '<h2>Oddities</h2>',
      oddities(tour),
    ],
  });
}

function figure(picture: TourPicture): string {
  const { jpeg, width, height, words, synset, name, size, boxes } = picture;
  const alt = escapeHtml(`${words}: ${name}`);
  const [first = ''] = words.split(',');
  return (
    `<figure><span class="frame"><img width="${width}" height="${height}" alt="${alt}" src="${jpegUrl(jpeg)}">` +
    `<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">${boxes.map(rectangle).join('')}</svg></span>` +
    `<figcaption><b>${escapeHtml(first)}</b> ${synset}<br>${escapeHtml(name)}, ${size.join(' x ')}` +
    `${boxes.length === 0 ? '' : `, ${boxes.length} ${boxes.length === 1 ? 'box' : 'boxes'}`}</figcaption></figure>`
  );
}

function rectangle({ xmin, ymin, xmax, ymax, synset }: IndexedBox): string {
  const place = `x="${xmin}" y="${ymin}" width="${xmax - xmin}" height="${ymax - ymin}"`;
  return `<rect ${place}>${synset === undefined ? '' : `<title>${synset}</title>`}</rect>`;
}

function tree({ tree: roots, images, synsets }: ArchiveTour): string {
  const level = (entries: readonly TreeEntry[], depth: number): string => {
    const lines = entries.map((entry) => {
      const line = treeLine(entry, images);
      if (entry.children.length === 0) return `<li class="leaf">${line}</li>`;
      const open = synsets <= MOST_OPEN || depth < OPEN_LEVELS ? ' open' : '';
      return `<li><details${open}><summary>${line}</summary>${level(entry.children, depth + 1)}</details></li>`;
    });
    return `<ul>${lines.join('\n')}</ul>`;
  };
  return `<div class="tree">${level(roots, 0)}</div>`;
}

function treeLine({ synset, words, own, all }: TreeEntry, whole: number): string {
  const [first = '', ...others] = words.split(',');
  const also = others.length === 0 ? '' : ` title="${escapeHtml(words)}"`;
  const name = own ? `<b${also}>${escapeHtml(first)}</b>` : `<span${also}>${escapeHtml(first)}</span>`;
  const amount = `${count(all.images)} <span class="soft">${megabytes(all.bytes)}, ${synset}</span>`;
  return `${name}${bar(all.images / whole)}${amount}`;
}

function formats({ formats: all, images }: ArchiveTour): string {
  const rows = all.map(({ format, images: its, bytes }) => [
    escapeHtml(format),
    count(its),
    percent(its / images),
    megabytes(bytes),
  ]);
  return wide(htmlTable(['', 'pictures', 'share', 'bytes'], rows));
}

function sizes({ sizes: bins, width, height }: ArchiveTour): string {
  const most = Math.max(...bins.map(({ images }) => images));
  const rows = bins.map(({ from, to, images }) => [`${from} to ${to - 1}`, images] as const);
  return `<p>Shorter side, in pixels:</p>${bars(rows, most)}${momentsTable({ width, height })}`;
}

function oddities({ oddities: found, boxes }: ArchiveTour): string {
  const note = boxes ? '' : '<p class="soft">No annotations were given: of boxes nothing can be said.</p>';
  if (found.length === 0) return `<p>None.</p>${note}`;
  const rows = found.map(({ what, count: times, names }) => {
    const cut = times > names.length ? ` <span class="soft">and ${count(times - names.length)} more</span>` : '';
    const list = names.map((name) => `<code>${escapeHtml(name)}</code>`).join('<br>');
    const all = `<details class="names"><summary>names</summary>${list}${cut}</details>`;
    return [escapeHtml(what), count(times), names.length === 0 ? '' : all];
  });
  return wide(htmlTable(['', 'how many', ''], rows)) + note;
}

/** Scrolls by itself where the screen is narrow. */
function wide(table: string): string {
  return `<div class="wide">${table}</div>`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`;
}
