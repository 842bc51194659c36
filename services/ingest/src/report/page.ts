/** One HTML file without anything from elsewhere: what a person reads of an index. */
import { REMARKS } from '../boxes/remark.js';
import type { Moments } from './moments.js';
import type { IngestReport } from './report.js';

/** Longer lists are cut: the whole is in report.json. */
const MOST_LINES = 1000;

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}
h2{margin-top:2rem}table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bar{background:#3b6ea5;height:.8rem;display:inline-block}
code{font-size:.9em;overflow-wrap:anywhere}`;

/** A report as a page. */
export function reportPage(report: IngestReport): string {
  const { dataset, images, check } = report;
  const sections = [
    `<h1>${escape(dataset)}: ${count(images)} images</h1>`,
    `<p>Every image's ${check === 'full' ? 'pixels were decoded' : 'headers were read to the end of the image'}.</p>`,
    verdicts(report),
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
  ];
  const title = `<meta charset="utf-8"><title>${escape(dataset)}: what was ingested</title>`;
  return `<!doctype html>\n<html lang="en"><head>${title}<style>${STYLE}</style></head>\n<body>\n${sections.join('\n')}\n</body></html>\n`;
}

function verdicts({ accepted, repaired, refused, images, grey, colour }: IngestReport): string {
  const rows = [
    ['accepted as they are', accepted],
    ['repaired: stored again as RGB JPEG', repaired],
    ['refused', refused],
  ] as const;
  const shares = `<p>${count(colour)} in colour, ${count(grey)} grey.</p>`;
  return `<h2>Verdicts</h2>${bars(rows, images)}${shares}`;
}

function synsets({ synsets: all }: IngestReport): string {
  const most = Math.max(...all.map(({ images }) => images));
  const rows = all.slice(0, MOST_LINES).map(({ label, synset, words, images, boxes: around }) => {
    const name = `<td class="n">${label}</td><td><code>${synset}</code></td><td>${escape(words)}</td>`;
    return `<tr>${name}<td class="n">${count(images)}</td><td class="n">${count(around)}</td><td>${bar(images / most)}</td></tr>`;
  });
  const head =
    '<tr><th class="n">label</th><th>synset</th><th>words</th><th class="n">images</th><th class="n">boxes</th></tr>';
  return `<h2>${count(all.length)} synsets</h2><table>${head}${rows.join('')}</table>${cut(all.length)}`;
}

function sizes({ sizes: bins, width, height }: IngestReport): string {
  const most = Math.max(...bins.map(({ images }) => images));
  const rows = bins.map(({ from, to, images }) => [`${from} to ${to - 1}`, images] as const);
  return `<h2>Sizes</h2><p>Shorter side, in pixels:</p>${bars(rows, most)}${moments({ width, height })}`;
}

function boxes({ boxes: counts, boxesPerImage, remarks }: IngestReport): string {
  if (!counts) return '<h2>Boxes</h2><p>No annotations were given.</p>';
  const { annotations, boxes: all, images, imagesWithout, withoutImage } = counts;
  const told = Object.entries(remarks).map(([remark, times]) => {
    return `<li>${count(times)}: ${escape(REMARKS[remark as keyof typeof REMARKS])}</li>`;
  });
  return (
    `<h2>Boxes</h2><p>${count(all)} boxes on ${count(images)} images, out of ${count(annotations)} annotations. ` +
    `${count(imagesWithout)} images have none; ${count(withoutImage)} annotations are of no image here.</p>` +
    `${moments({ 'boxes of an annotated image': boxesPerImage })}<ul>${told.join('')}</ul>`
  );
}

function moments(each: Readonly<Record<string, Moments | undefined>>): string {
  const names = ['count', 'minimum', 'maximum', 'mean', 'variance', 'skewness', 'kurtosis'] as const;
  const rows = Object.entries(each).flatMap(([title, found]) => {
    const cells = names.map((name) => `<td class="n">${found ? number(found[name]) : ''}</td>`);
    return found ? [`<tr><td>${title}</td>${cells.join('')}</tr>`] : [];
  });
  if (rows.length === 0) return '';
  return `<table><tr><th></th>${names.map((name) => `<th class="n">${name}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function list<T>(title: string, entries: readonly T[], cells: (entry: T) => readonly string[]): string {
  if (entries.length === 0) return `<h2>${title}</h2><p>None.</p>`;
  const rows = entries.slice(0, MOST_LINES).map((entry) => {
    return `<tr>${cells(entry)
      .map((cell) => `<td><code>${escape(cell)}</code></td>`)
      .join('')}</tr>`;
  });
  return `<h2>${title}: ${count(entries.length)}</h2><table>${rows.join('')}</table>${cut(entries.length)}`;
}

function bars(rows: readonly (readonly [string, number])[], whole: number): string {
  const lines = rows.map(([title, images]) => {
    return `<tr><td>${title}</td><td class="n">${count(images)}</td><td>${bar(images / whole)}</td></tr>`;
  });
  return `<table>${lines.join('')}</table>`;
}

function bar(share: number): string {
  return `<span class="bar" style="width:${(20 * (share || 0)).toFixed(2)}rem"></span>`;
}

function cut(length: number): string {
  return length > MOST_LINES ? `<p>The first ${MOST_LINES}; report.json has them all.</p>` : '';
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** Names come out of archives, and may be anything. */
function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/gu, (character) => entities[character] ?? character);
}
