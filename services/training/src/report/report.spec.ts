import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frameRecord, imageExample, recordTable } from '@bluewaters/records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineChart } from './line-chart.js';
import { readExample } from '../read-example.js';
import { worstMistakes } from './mistakes.js';
import { classFigures } from './class-figures.js';
import { reportPage, type ReportContents } from './report-page.js';

const CONTENTS: ReportContents = {
  title: 'a <b> & "c"',
  evaluation: { examples: 4, top1: 0.5, top5: 1, loss: 1 },
  figures: [['loss', '1.000']],
  charts: [],
  times: [],
  classes: [],
  confusion: [],
  mistakes: [],
  provenance: [],
  options: [],
};

/** Every element that opens and is no void one closes, in order. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = '', own] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/gu)) {
    if (own || ['meta', 'img', 'br'].includes(name)) continue;
    if (!slash) open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe('the report page', () => {
  it('is whole HTML that fetches nothing, with every name escaped', () => {
    const words = '<script>alert(1)</script>';
    const page = reportPage({
      ...CONTENTS,
      classes: [{ synset: 'n1', words, examples: 4, recall: 0.5 }],
      confusion: [[2]],
      mistakes: [{ filename: '"x".JPEG', jpeg: Uint8Array.of(1, 2), truth: words, answer: words, loss: 3 }],
      charts: [{ title: 'Loss', curves: [{ name: words, points: [{ x: 1, y: 2 }] }] }],
      options: [['run', words]],
    });
    expect(unbalanced(page)).toEqual([]);
    expect(page).toContain('<title>a &lt;b&gt; &amp; &quot;c&quot;</title>');
    expect(page).not.toMatch(/<script|https?:|src="(?!data:)/u);
  });

  it('says what a step takes its time for, and how much of it', () => {
    const part = (name: string, seconds: number) => ({ name, meaning: '', seconds });
    const page = reportPage({ ...CONTENTS, times: [part('compute', 0.03), part('input', 0.01)] });
    expect(page).toMatch(/input .*?<td>10\.00 ms<\/td><td>25\.0 %<\/td>/u);
  });

  it('shows each mistake with its picture and what it was taken for, and says so where there is none', () => {
    const mistake = { filename: 'x.JPEG', jpeg: Uint8Array.of(1, 2), truth: 'tench', answer: 'shark', loss: 3 };
    const page = reportPage({ ...CONTENTS, mistakes: [mistake, { ...mistake, jpeg: Uint8Array.of(3) }] });
    const shown = page.match(
      /<img [^>]*src="data:image\/jpeg;base64,(?:AQI=|Aw==)"><figcaption><b>tench<\/b>, taken for shark/gu,
    );
    expect(shown).toHaveLength(2);
    expect(reportPage(CONTENTS)).toContain('None: all 4 held-out pictures were answered right.');
  });

  it('shows a matrix of few classes, and of many the pairs that are mixed up most', () => {
    const classesOf = (count: number): Pick<ReportContents, 'classes' | 'confusion'> => ({
      classes: Array.from({ length: count }, (_, i) => {
        return { synset: `n${i}`, words: `class ${i}`, examples: 1, recall: 1, precision: 1 };
      }),
      confusion: Array.from({ length: count }, (_, i) => Array.from({ length: count }, (_, j) => (j === 0 ? i : 0))),
    });
    expect(reportPage({ ...CONTENTS, ...classesOf(3) })).toContain('class="matrix"');
    const many = reportPage({ ...CONTENTS, ...classesOf(40) });
    expect(many).not.toContain('class="matrix"');
    expect(many).toContain('<tr><th scope="row">class 39</th><td>class 0</td><td>39</td></tr>');
  });
});

describe('a chart', () => {
  it('keeps every point within the picture, the higher value higher', () => {
    const points = Array.from({ length: 50 }, (_, x) => ({ x: 100 * x, y: x % 2 === 0 ? 3.5 : -2 }));
    const [, drawn = ''] = /points="([^"]+)"/u.exec(lineChart('Loss', [{ name: 'training', points }])) ?? [];
    const places = drawn.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]);
    expect(places.length).toBe(50);
    expect(places.every(([x, y]) => x >= 0 && x <= 560 && y >= 0 && y <= 240)).toBe(true);
    expect(places[0]?.[1]).toBeLessThan(places[1]?.[1] ?? 0);
  });

  it('shows a curve of one point, and says so when there is none', () => {
    expect(lineChart('Accuracy', [{ name: 'top 1', points: [{ x: 352, y: 0.5 }] }])).toContain('<circle');
    expect(lineChart('Accuracy', [{ name: 'top 1', points: [] }])).toBe('<p>Accuracy: nothing was written.</p>');
  });
});

describe('mistakes and classes', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('of a split are those answered wrong, the surest first', () => {
    const predictions = {
      labels: Int32Array.of(1, 2, 3, 1),
      top: Int32Array.of(1, 2, 1, 2, 3, 2, 0, 1), // two guesses each
      losses: Float32Array.of(0.1, 2, 0.3, 5),
      k: 2,
      outputs: 4,
    };
    expect(worstMistakes(predictions, 9)).toEqual([
      { record: 3, truth: 1, answer: 0, loss: 5 },
      { record: 1, truth: 2, answer: 1, loss: 2 },
    ]);
    expect(worstMistakes(predictions, 1).map(({ record }) => record)).toEqual([3]);
  });

  it('are shown with the very picture of the record', async () => {
    const framed = (number: number): Uint8Array =>
      frameRecord(
        imageExample({
          encoded: Buffer.alloc(10 + number, number),
          ...{ filename: `${number}.JPEG`, width: 1, height: 1, label: 1, synset: 'n01440764', text: 't', boxes: [] },
        }),
      );
    const shards = [[framed(0), framed(1)], [framed(2)]];
    const files = await Promise.all(
      shards.map(async (records, index) => {
        const file = join(folder, String(index));
        await writeFile(file, Buffer.concat(records));
        return file;
      }),
    );
    let offset = 0;
    const places = shards.map((records) => {
      offset = 0;
      return records.map(({ length }) => ({ offset: (offset += length) - length, length }));
    });
    for (const number of [0, 1, 2]) {
      const { filename, encoded } = await readExample(files, recordTable(places), number);
      expect([filename, encoded.length]).toEqual([`${number}.JPEG`, 10 + number]);
    }
  });

  it('have the recall and the precision of the confusion matrix', () => {
    const classes = ['a', 'b', 'c'].map((words, i) => ({ synset: `n${i}`, words }));
    const figures = classFigures(classes, [
      [3, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
    ]);
    expect(figures.map(({ recall, precision }) => [recall, precision])).toEqual([
      [0.75, 0.75],
      [0.5, 0.5],
      [0, undefined],
    ]);
  });
});
