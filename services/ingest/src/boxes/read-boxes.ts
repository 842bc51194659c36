import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import { ProgressMeter } from '@bluewaters/service';
import { openSource, readTextSource, type SourceFile, type SourceName } from '@bluewaters/storage';
import { isTar } from '../archive-form.js';
import type { IndexContext } from '../context.js';
import type { Compression } from '../decompress.js';
import { compressionOf, inflate } from '../inflate.js';
import { synsetOfMember } from '../names.js';
import { asRefusal, type Tolerance } from '../refusal.js';
import { annotationName, BoxTable } from './box-table.js';
import { parseBoxCsv } from './parse-csv.js';
import { parseVoc, type VocAnnotation, type VocObject } from './parse-voc.js';
import { readAnnotations, type AnnotationText } from './read-annotations.js';
import type { Remark } from './remark.js';

/** The CSV of all of ImageNet has 40 MB. */
const LONGEST_CSV_BYTES = 256 * 1024 * 1024;

/** Everything that annotations say. */
export interface ReadBoxes {
  readonly table: BoxTable;
  /** Annotations that were read. */
  readonly annotations: number;
  /** Pictures of other synsets that have annotations. */
  readonly passedOver: number;
  readonly remarks: readonly Remark[];
  /** Another for other bytes, as far as the file system or store can tell. */
  readonly version: string;
}

/** What reading boxes needs beside the source. */
export interface BoxContext extends Pick<IndexContext, 'store' | 'scratch' | 'signal' | 'report'> {
  /** Counts what is refused. Where it allows any, what comes before the place where the archive is cut is kept. */
  readonly tolerance: Tolerance;
  /** Annotations of pictures of other synsets are passed over. */
  readonly listed: ReadonlySet<string>;
}

/**
 * Reads boxes: an archive of VOC annotations, plain or compressed, or a CSV as the Inception scripts have it; told apart by
 * their bytes.
 *
 * @throws {CodedError} FILE_NOT_FOUND, ARCHIVE_INVALID, ARCHIVE_TRUNCATED, TOOL_MISSING, STORE_FULL, INTERRUPTED; the first
 * refusal beyond the tolerance.
 */
export async function readBoxes(boxes: SourceName, context: BoxContext): Promise<ReadBoxes> {
  await using source = await openSource(context.store, boxes);
  const collected = new Collected(context.listed);
  const compression = await compressionOf(source);
  if (compression) await collectCompressed(source, compression, collected, context);
  else if (await isTar(source)) await collectArchive(source, source.file, collected, context);
  else {
    const text = await readTextSource(context.store, boxes, LONGEST_CSV_BYTES);
    collectCsv(text, source.file, collected, context.tolerance);
  }
  const { table, annotations, passedOver, remarks } = collected;
  return { table, annotations, passedOver, remarks, version: `${source.file} ${source.version}` };
}

class Collected {
  readonly table = new BoxTable();
  readonly remarks: Remark[] = [];
  annotations = 0;
  readonly #listed: ReadonlySet<string>;
  readonly #others = new Set<string>();

  constructor(listed: ReadonlySet<string>) {
    this.#listed = listed;
  }

  get passedOver(): number {
    return this.#others.size;
  }

  /** A name that tells no synset may be of any. */
  wants(id: string): boolean {
    const synset = synsetOfMember(id);
    if (synset === undefined || this.#listed.has(synset)) return true;
    this.#others.add(id);
    return false;
  }

  add(id: string, synset: string | undefined, annotation: VocAnnotation): void {
    this.annotations++;
    const name = annotationName(synset, id);
    const isNew = this.table.add(id, { synset, ...annotation });
    if (!isNew) return void this.remarks.push({ annotation: name, remark: 'repeated' });
    if (annotation.objects.length === 0) this.remarks.push({ annotation: name, remark: 'no-object' });
    if (annotation.filename !== '' && annotation.filename !== id) {
      this.remarks.push({ annotation: name, remark: 'other-filename' });
    }
    annotation.objects.forEach(({ box }, i) => {
      if (!box) this.remarks.push({ annotation: name, object: i + 1, remark: 'no-numbers' });
    });
  }
}

async function collectCompressed(
  source: SourceFile,
  compression: Compression,
  collected: Collected,
  context: BoxContext,
): Promise<void> {
  const { scratch, tolerance, signal, store, report } = context;
  const folder = await mkdtemp(join(scratch, 'bluewaters-boxes-')).catch((error: unknown) => {
    throw toCodedError(error);
  });
  try {
    const path = join(folder, 'annotations.tar');
    const meter = new ProgressMeter(report, 'bytes');
    const onProgress = (done: number, total: number): void => meter.update('inflating boxes', done, total);
    const keepCut = tolerance.allowed > 0;
    const cut = await inflate(source, { compression, path, keepCut, signal, onProgress });
    if (cut) tolerance.count(asRefusal(cut));
    await using plain = await openSource(store, { path });
    await collectArchive(plain, source.file, collected, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function collectArchive(
  plain: SourceFile,
  file: string,
  collected: Collected,
  { signal, report, tolerance }: BoxContext,
): Promise<void> {
  const meter = new ProgressMeter(report, 'annotations');
  for await (const found of readAnnotations(plain, basename(file))) {
    if (signal.aborted) throw new CodedError('INTERRUPTED', 'Reading boxes was stopped');
    if (found.kind === 'refused') tolerance.count(found.refusal);
    else collectAnnotation(found, collected, tolerance);
    meter.update('reading boxes', collected.annotations);
  }
}

function collectAnnotation(found: AnnotationText, collected: Collected, tolerance: Tolerance): void {
  if (!collected.wants(found.id)) return;
  try {
    collected.add(found.id, found.synset, parseVoc(found.text, found));
  } catch (error) {
    tolerance.count(asRefusal(error));
  }
}

function collectCsv(text: string, file: string, collected: Collected, tolerance: Tolerance): void {
  const objects = new Map<string, VocObject[]>();
  for (const line of parseBoxCsv(text, file)) {
    if (isCodedError(line)) {
      tolerance.count(asRefusal(line));
      continue;
    }
    if (!collected.wants(line.id)) continue;
    const before = objects.get(line.id);
    if (before) before.push({ name: '', box: line.box });
    else objects.set(line.id, [{ name: '', box: line.box }]);
  }
  // Shares are pixels of a picture of one pixel.
  for (const [id, each] of objects) collected.add(id, undefined, { filename: '', width: 1, height: 1, objects: each });
}
