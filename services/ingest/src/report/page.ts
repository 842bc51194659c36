/** One HTML file without anything from elsewhere: what a person reads of an index. */
import { escapeHtml, htmlPage, type PageTerms } from '@bluewaters/service';
import { REMARKS } from '../boxes/remark.js';
import { ARCHIVE_STYLE, bar, bars, count, momentsTable } from './bars.js';
import type { IngestReport } from './report.js';

/** Longer lists are cut: the whole is in report.json. */
const MOST_LINES = 1000;

/** A report as a page. @param terms Of the dataset, where it has some. */
export function reportPage(report: IngestReport, terms?: PageTerms): string {
  const { dataset, split, images, check, shared } = report;
  const name = split === undefined ? dataset : `${dataset}, ${split}`;
  const sections = [
    `<p>Every image's ${check === 'full' ? 'pixels were decoded' : 'headers were read to the end of the image'}.</p>`,
    verdicts(report),
    splits(report),
    synsets(report),
    sizes(report),
    boxes(report),
    list('Repaired', report.repairs, ({ synset, name, reason }) => [`${synset}/${name}`, reason]),
    list('Refused', report.refusals, ({ file, offset, code, message }) => [
      `${file} at ${offset}`,
      `${code}: ${message}`,
    ]),
    list('Listed and not in the archive', report.missing, (name) => [name]),
    list('The same bytes under several names', report.duplicates, (names) => [names.join(', ')]),
    shared
      ? list('The same bytes in several splits', shared, (by) =>
          Object.entries(by).map(([each, names]) => `${each}: ${names.join(', ')}`),
        )
      : '',
  ];
  return htmlPage({ title: `${name}: ${count(images)} images`, style: ARCHIVE_STYLE, terms, sections });
}

function verdicts({ accepted, repaired, refused, images, grey, colour, turned }: IngestReport): string {
  const rows = [
    ['accepted as they are', accepted],
    ['repaired: stored again as RGB JPEG', repaired],
    ['refused', refused],
  ] as const;
  const sideways = turned === 0 ? '' : ` To be turned, as their EXIF says, and taken as stored: ${count(turned)}.`;
  const shares = `<p>${count(colour)} in colour, ${count(grey)} grey.${sideways}</p>`;
  return `<h2>Verdicts</h2>${bars(rows, images)}${shares}`;
}

function splits({ dataset, splits: all }: IngestReport): string {
  if (!all) return '';
  const rows = all.map(({ split, report, ...told }) => {
    const counts = [told.images, told.accepted, told.repaired, told.refused, told.boxes];
    const cells = counts.map((each) => `<td class="n">${count(each)}</td>`).join('');
    return `<tr><td><a href="${split}/report.html">${split}</a></td>${cells}<td><code>${escapeHtml(report)}</code></td></tr>`;
  });
  const head = ['images', 'accepted', 'repaired', 'refused', 'boxes'].map((each) => `<th class="n">${each}</th>`);
  return (
    `<h2>Other splits of ${escapeHtml(dataset)}</h2><p>This page is of train; all splits have its labels.</p>` +
    `<table><tr><th>split</th>${head.join('')}</tr>${rows.join('')}</table>`
  );
}

function synsets({ synsets: all }: IngestReport): string {
  const most = Math.max(...all.map(({ images }) => images));
  const rows = all.slice(0, MOST_LINES).map(({ label, synset, words, gloss, images, boxes: around }) => {
    const meaning = gloss === undefined ? '' : `<br><small>${escapeHtml(gloss)}</small>`;
    const name = `<td class="n">${label}</td><td><code>${synset}</code></td><td>${escapeHtml(words)}${meaning}</td>`;
    return `<tr>${name}<td class="n">${count(images)}</td><td class="n">${count(around)}</td><td>${bar(images / most)}</td></tr>`;
  });
  const head =
    '<tr><th class="n">label</th><th>synset</th><th>words</th><th class="n">images</th><th class="n">boxes</th></tr>';
  return `<h2>${count(all.length)} synsets</h2><table>${head}${rows.join('')}</table>${cut(all.length)}`;
}

function sizes({ sizes: bins, width, height }: IngestReport): string {
  const most = Math.max(...bins.map(({ images }) => images));
  const rows = bins.map(({ from, to, images }) => [`${from} to ${to - 1}`, images] as const);
  return `<h2>Sizes</h2><p>Shorter side, in pixels:</p>${bars(rows, most)}${momentsTable({ width, height })}`;
}

function boxes({ boxes: counts, passedOver, boxesPerImage, remarks }: IngestReport): string {
  if (!counts) return '<h2>Boxes</h2><p>No annotations were given.</p>';
  const { annotations, boxes: all, images, imagesWithout, withoutImage } = counts;
  const told = Object.entries(remarks).map(([remark, times]) => {
    return `<li>${count(times)}: ${escapeHtml(REMARKS[remark as keyof typeof REMARKS])}</li>`;
  });
  return (
    `<h2>Boxes</h2><p>${count(all)} boxes on ${count(images)} images, out of ${count(annotations)} annotations. ` +
    `${count(imagesWithout)} images have none; ${count(withoutImage)} annotations are of no image here, ` +
    `${count(passedOver)} of synsets that are not here.</p>` +
    `${momentsTable({ 'boxes of an annotated image': boxesPerImage })}<ul>${told.join('')}</ul>`
  );
}

function list<T>(title: string, entries: readonly T[], cells: (entry: T) => readonly string[]): string {
  if (entries.length === 0) return `<h2>${title}</h2><p>None.</p>`;
  const rows = entries.slice(0, MOST_LINES).map((entry) => {
    return `<tr>${cells(entry)
      .map((cell) => `<td><code>${escapeHtml(cell)}</code></td>`)
      .join('')}</tr>`;
  });
  return `<h2>${title}: ${count(entries.length)}</h2><table>${rows.join('')}</table>${cut(entries.length)}`;
}

function cut(length: number): string {
  return length > MOST_LINES ? `<p>The first ${MOST_LINES}; report.json has them all.</p>` : '';
}
