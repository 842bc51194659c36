/** Event files: what TensorBoard shows of a run. No TensorFlow library is needed to write them. */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { CodedError, toCodedError } from '@bluewaters/errors';
import { EventSchema } from './generated/tensorflow/core/util/event_pb.js';
import {
  experimentSummary,
  sessionEndSummary,
  sessionStartSummary,
  type HparamsExperiment,
  type HparamValue,
  type RunStatus,
} from './hparams.js';
import { frameRecord } from './record-framing.js';
import {
  histogramFrom,
  histogramOf,
  histogramSummary,
  imageSummary,
  scalarSummary,
  textSummary,
  type CountedBuckets,
  type EncodedImage,
  type SummaryInit,
} from './summaries.js';

/** How an event file is named and how long events wait. */
export interface EventWriterOptions {
  /** Added to the file's name, such as '.eval'. */
  readonly suffix?: string;
  /** Events are at most this old when they reach the file; 30,000 by default. */
  readonly flushEveryMs?: number;
}

/** TensorBoard refuses files that do not begin with it. */
const FILE_VERSION = 'brain.Event:2';
const FLUSH_EVERY_MS = 30_000;

let writersOfThisProcess = 0;

/** Folders that a writer of this process writes to: two would be one run to TensorBoard, with its steps in disorder. */
const openFolders = new Set<string>();

/**
 * Writes one event file, the only writer of its folder in this process until it is closed. Events gather in memory
 * until `flush` or until they are old enough, which costs one write; a crash loses those and nothing else.
 */
export class EventWriter {
  /** Where the events go; the file appears with the first flush. */
  readonly path: string;
  readonly #directory: string;
  readonly #flushEveryMs: number;
  #pending: Uint8Array[] = [];
  #file: FileHandle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastFlush: Promise<void> = Promise.resolve();
  #failure: unknown;

  /**
   * @param directory Is made if need be. TensorBoard shows one run for each folder.
   * @throws {CodedError} CONFIG_INVALID while another writer of this process has the folder.
   */
  constructor(directory: string, { suffix = '', flushEveryMs = FLUSH_EVERY_MS }: EventWriterOptions = {}) {
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${writersOfThisProcess++}${suffix}`;
    this.#directory = resolve(directory);
    this.#flushEveryMs = flushEveryMs;
    this.path = join(directory, name);
    claim(this.#directory);
    this.#add({ what: { case: 'fileVersion', value: FILE_VERSION } });
  }

  /** One number. */
  scalar(tag: string, step: number, value: number): void {
    this.#summary(step, scalarSummary(tag, value));
  }

  /** Markdown. */
  text(tag: string, step: number, text: string): void {
    this.#summary(step, textSummary(tag, text));
  }

  /** How numbers are spread, in 30 buckets of equal width. */
  histogram(tag: string, step: number, values: ArrayLike<number>): void {
    this.#summary(step, histogramSummary(tag, histogramOf(values)));
  }

  /** How numbers are spread that were counted elsewhere. */
  buckets(tag: string, step: number, counted: CountedBuckets): void {
    this.#summary(step, histogramSummary(tag, histogramFrom(counted)));
  }

  /** A picture, as the bytes of a PNG. */
  image(tag: string, step: number, image: EncodedImage): void {
    this.#summary(step, imageSummary(tag, image));
  }

  /** The graph, as `graph.toGraphDef()` gives it. */
  graph(graphDef: Uint8Array): void {
    this.#add({ what: { case: 'graphDef', value: graphDef } });
  }

  /** The hyper-parameters of this run; TensorBoard's table has a row for it. Once a run. */
  hparams(values: Readonly<Record<string, HparamValue>>): void {
    this.#summary(0, sessionStartSummary(values, Date.now() / 1000));
  }

  /** How this run ended, for the same table. @param step The last of the run, so that steps stay in order. */
  runEnded(status: RunStatus, step = 0): void {
    this.#summary(step, sessionEndSummary(status, Date.now() / 1000));
  }

  /** What the runs in the folders below this one vary; once an experiment. */
  experiment(experiment: HparamsExperiment): void {
    this.#summary(0, experimentSummary(experiment, Date.now() / 1000));
  }

  /**
   * Writes all events so far.
   *
   * @throws {CodedError} STORE_FULL without space; those events may be lost. A failure of a flush that nobody asked for
   * comes with the next one that somebody does.
   */
  async flush(): Promise<void> {
    await this.#flush();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw toCodedError(failure);
  }

  /** Flushes, closes the file and frees the folder; the writer is of no use afterwards. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file?.close();
      this.#file = undefined;
      openFolders.delete(this.#directory);
    }
  }

  #summary(step: number, value: SummaryInit): void {
    this.#add({ step: BigInt(step), what: { case: 'summary', value: { value: [value] } } });
  }

  #add(event: MessageInitShape<typeof EventSchema>): void {
    const message = create(EventSchema, { wallTime: Date.now() / 1000, ...event });
    this.#pending.push(frameRecord(toBinary(EventSchema, message)));
    // It keeps no program alive that has nothing else to do.
    this.#timer ??= setTimeout(() => void this.#flush(), this.#flushEveryMs).unref();
  }

  /** Flushes one after another, and keeps the first failure for whoever asks. */
  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastFlush = this.#lastFlush
      .then(() => this.#write())
      .catch((error: unknown) => void (this.#failure ??= error));
    return this.#lastFlush;
  }

  async #write(): Promise<void> {
    const bytes = Buffer.concat(this.#pending.splice(0));
    if (bytes.length === 0) return;
    this.#file ??= await this.#open();
    await this.#file.appendFile(bytes);
  }

  async #open(): Promise<FileHandle> {
    await mkdir(this.#directory, { recursive: true });
    return open(this.path, 'ax');
  }
}

function claim(directory: string): void {
  if (openFolders.has(directory)) {
    throw new CodedError('CONFIG_INVALID', 'an event writer of this process has the folder; close it first', {
      details: { file: directory },
    });
  }
  openFolders.add(directory);
}
