import type { ClassEvaluation, Evaluation } from '@bluewaters/messages';
import { escapeHtml, htmlFigures, htmlPage, htmlTable, jpegUrl, percent, type PageTerms } from '@bluewaters/service';
import { confusedPairs } from './class-figures.js';
import { lineChart, type Curve } from './line-chart.js';

/** A wrong answer with its picture. */
export interface ShownMistake {
  readonly filename: string;
  readonly jpeg: Uint8Array;
  /** In words. */
  readonly truth: string;
  readonly answer: string;
  readonly loss: number;
}

/** What the report shows. */
export interface ReportContents {
  readonly title: string;
  /** Of the dataset, where it has some. */
  readonly terms?: PageTerms | undefined;
  readonly evaluation: Evaluation;
  /** Name and value, for the row of large figures. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly charts: readonly { readonly title: string; readonly curves: readonly Curve[] }[];
  /** What a step's time goes to. */
  readonly times: readonly { readonly name: string; readonly meaning: string; readonly seconds: number }[];
  readonly classes: readonly ClassEvaluation[];
  /** [classes][classes]: examples of class i that were taken for class j. */
  readonly confusion: readonly (readonly number[])[];
  /** Worst first. */
  readonly mistakes: readonly ShownMistake[];
  /** Where it comes from and with which options: rows of name and value. */
  readonly provenance: readonly (readonly [name: string, value: string])[];
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** A matrix of more classes is not read by anyone; the pairs that are mixed up most often are. */
const MOST_MATRIX_CLASSES = 30;
const MOST_PAIRS = 30;

const STYLE = `
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem; }
svg { width: 100%; } svg text { font-size: 11px; fill: var(--soft); } svg .grid { stroke: var(--line); }
polyline { stroke-width: 1.8; } polyline.curve-0 { stroke: var(--a); } polyline.curve-1 { stroke: var(--b); } polyline.curve-2 { stroke: var(--c); }
circle.curve-0 { fill: var(--a); } circle.curve-1 { fill: var(--b); } circle.curve-2 { fill: var(--c); }
.key::before { content: "\\2014 "; font-weight: 700; } .key.curve-0::before { color: var(--a); } .key.curve-1::before { color: var(--b); } .key.curve-2::before { color: var(--c); }
.matrix td { padding: .2rem .4rem; border: 1px solid var(--line); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; }
.mistakes img { width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--line); }
`;

/** The report as one HTML file: no script, nothing to fetch. */
export function reportPage(report: ReportContents): string {
  return htmlPage({
    title: report.title,
    terms: report.terms,
    style: STYLE,
    sections: [
      htmlFigures(report.figures),
      '<h2>Curves</h2>',
      `<div class="charts">${report.charts.map(({ title, curves }) => lineChart(title, curves)).join('\n')}</div>`,
      "<h2>Where a step's time goes</h2>",
      timeTable(report),
      '<h2>Worst mistakes</h2>',
      mistakes(report),
      '<h2>What is taken for what</h2>',
      report.confusion.length <= MOST_MATRIX_CLASSES ? matrix(report) : pairs(report),
      '<h2>Class by class</h2>',
      '<p class="soft">Worst first. Recall is the share of a class that was found; precision, of what was taken for it.</p>',
      classTable(report),
      '<h2>Where it comes from</h2>',
      `<div class="text">${facts(report.provenance)}</div>`,
      '<h2>Options</h2>',
      `<div class="text">${facts(report.options)}</div>`,
    ],
  });
}

function facts(rows: ReportContents['options']): string {
  return htmlTable(
    ['', ''],
    rows.map((row) => row.map(escapeHtml)),
  );
}

function timeTable({ times }: ReportContents): string {
  const whole = times.reduce((sum, { seconds }) => sum + seconds, 0) || 1;
  const rows = times.map(({ name, meaning, seconds }) => [
    `${escapeHtml(name)} <span class="soft">${escapeHtml(meaning)}</span>`,
    `${(1000 * seconds).toFixed(2)} ms`,
    percent(seconds / whole),
  ]);
  return htmlTable(['', 'a step', 'share'], rows);
}

function mistakes({ mistakes: shown, evaluation }: ReportContents): string {
  if (shown.length === 0) return `<p>None: all ${evaluation.examples} held-out pictures were answered right.</p>`;
  const figures = shown.map(({ filename, jpeg, truth, answer, loss }) => {
    return (
      `<figure><img alt="${escapeHtml(filename)}" title="${escapeHtml(filename)}" src="${jpegUrl(jpeg)}">` +
      `<figcaption><b>${escapeHtml(truth)}</b>, taken for ${escapeHtml(answer)} (loss ${loss.toFixed(2)})</figcaption></figure>`
    );
  });
  return `<div class="mistakes">\n${figures.join('\n')}\n</div>`;
}

/** Rows are the truth; the darker, the larger the share of the row. */
function matrix({ confusion, classes }: ReportContents): string {
  const names = classes.map(({ words }) => escapeHtml(words));
  const rows = confusion.map((row, truth) => {
    const total = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    );
    const cells = row.map((count) => {
      const shade = Math.round((100 * count) / total);
      return `<td style="background: color-mix(in srgb, var(--a) ${Math.round(0.55 * shade)}%, transparent)">${count || ''}</td>`;
    });
    return `<tr><th scope="row">${names[truth]}</th>${cells.join('')}</tr>`;
  });
  const head = names.map((name) => `<th>${name}</th>`).join('');
  return `<div class="wide"><table class="matrix"><thead><tr><th>truth \\ answer</th>${head}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function pairs({ confusion, classes }: ReportContents): string {
  const word = (index: number): string => escapeHtml(classes[index]?.words ?? '');
  return htmlTable(
    ['truth', 'taken for', 'pictures'],
    confusedPairs(confusion, MOST_PAIRS).map(({ truth, answer, examples }) => [
      word(truth),
      word(answer),
      String(examples),
    ]),
  );
}

function classTable({ classes }: ReportContents): string {
  const worstFirst = [...classes].sort((a, b) => a.recall - b.recall);
  const rows = worstFirst.map(({ synset, words, examples, recall, precision }) => [
    `${escapeHtml(words)} <span class="soft">${escapeHtml(synset)}</span>`,
    String(examples),
    percent(recall),
    precision === undefined ? '' : percent(precision),
  ]);
  return htmlTable(['class', 'pictures', 'recall', 'precision'], rows);
}
