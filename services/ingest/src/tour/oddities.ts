import { indexKeys } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { REMARKS, Remark } from '../boxes/remark.js';
import type { IngestReport } from '../report/report.js';
import { MOST_NAMES, type Seen } from './look-through.js';

/** Something that a person who trusts an archive would not expect. */
export interface Oddity {
  /** In words, as one says it of each. */
  readonly what: string;
  /** How many there are. */
  readonly count: number;
  /** What they are called, {@link MOST_NAMES} at most; none where only their number is known. */
  readonly names: readonly string[];
}

/** What {@link odditiesOf} looks at beside the report. */
export interface OdditySources {
  readonly seen: Seen;
  /** Names of pictures that were to be shown and could not be decoded. */
  readonly undecodable: readonly string[];
  readonly store: ObjectStore;
}

/** All that is odd about an archive and its annotations; nothing that is not. */
export async function odditiesOf(report: IngestReport, sources: OdditySources): Promise<Oddity[]> {
  const { seen, undecodable, store } = sources;
  const empty = report.synsets.filter(({ images }) => images === 0);
  const found = [
    ...repairs(report),
    oddity('refused', report.refusals, ({ file, offset, message }) => `${file} at ${offset}: ${message}`),
    oddity('cannot be decoded, of those that were to be shown', undecodable, (name) => name),
    oddity('to be turned, as its EXIF says; taken as it is stored', seen.turned, (name) => name),
    oddity('the same bytes under several names', report.duplicates, (names) => names.join(' = ')),
    oddity('a synset without a picture', empty, ({ synset, words }) => `${synset} ${words}`),
    ...(report.boxes ? await oddBoxes(report, seen, store) : []),
  ];
  return found.filter(({ count }) => count > 0);
}

function oddity<T>(what: string, all: readonly T[], nameOf: (one: T) => string): Oddity {
  return { what, count: all.length, names: all.slice(0, MOST_NAMES).map(nameOf) };
}

function repairs({ repairs: all }: IngestReport): Oddity[] {
  const groups = new Map<string, string[]>();
  for (const { synset, name, reason } of all) {
    const disguised = /\.jpe?g$/iu.test(name) && !reason.startsWith('a JPEG');
    const what = disguised ? `${reason}, under the name of a JPEG` : reason;
    const names = groups.get(what) ?? [];
    names.push(`${synset}/${name}`);
    groups.set(what, names);
  }
  return [...groups].map(([what, names]) => oddity(what, names, (name) => name));
}

/** Pictures without boxes, boxes without pictures, and what else ingest remarked on. */
async function oddBoxes(report: IngestReport, seen: Seen, store: ObjectStore): Promise<Oddity[]> {
  const lines = Buffer.from(await store.get(indexKeys.boxes(report.dataset))).toString();
  const remarks = lines.split('\n').filter((line) => line !== '');
  const groups = new Map<Remark['remark'], string[]>();
  for (const { remark, annotation } of remarks.map((line) => Remark.parse(JSON.parse(line)))) {
    groups.set(remark, [...(groups.get(remark) ?? []), annotation]);
  }
  const without = { what: 'a picture without a box', count: report.boxes?.imagesWithout ?? 0, names: seen.boxless };
  const others = { what: 'an annotation of a synset that is not here', count: report.passedOver, names: [] };
  return [
    without,
    others,
    ...[...groups].map(([remark, names]) => oddity(`a box or annotation: ${REMARKS[remark]}`, names, (name) => name)),
  ];
}
