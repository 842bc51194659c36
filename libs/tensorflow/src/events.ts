/** Event files: what TensorBoard shows of a run. No TensorFlow library is needed to write them. */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { toCodedError } from '@bluewaters/errors';
import { frameRecord } from '@bluewaters/records';
import { EventSchema } from './generated/tensorflow/core/util/event_pb.js';
import {
  histogramOf,
  histogramSummary,
  imageSummary,
  scalarSummary,
  textSummary,
  type EncodedImage,
  type SummaryInit,
} from './summaries.js';

/** How an event file is named. */
export interface EventWriterOptions {
  /** Added to the file's name, such as '.eval'. */
  readonly suffix?: string;
}

/** TensorBoard refuses files that do not begin with it. */
const FILE_VERSION = 'brain.Event:2';

let writersOfThisProcess = 0;

/**
 * Writes one event file. Events gather in memory until `flush`, which costs one write; a crash loses what was not
 * flushed and nothing else.
 */
export class EventWriter {
  /** Where the events go; the file appears with the first flush. */
  readonly path: string;
  readonly #directory: string;
  #pending: Uint8Array[] = [];
  #file: FileHandle | undefined;
  #lastFlush: Promise<void> = Promise.resolve();

  /** @param directory Is made if need be. TensorBoard shows one run for each folder. */
  constructor(directory: string, { suffix = '' }: EventWriterOptions = {}) {
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    this.#directory = directory;
    this.path = join(
      directory,
      `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${writersOfThisProcess++}${suffix}`,
    );
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

  /** A picture, as the bytes of a PNG. */
  image(tag: string, step: number, image: EncodedImage): void {
    this.#summary(step, imageSummary(tag, image));
  }

  /** The graph, as `graph.toGraphDef()` gives it. */
  graph(graphDef: Uint8Array): void {
    this.#add({ what: { case: 'graphDef', value: graphDef } });
  }

  /**
   * Writes all events so far.
   *
   * @throws {CodedError} STORE_FULL without space; those events may be lost.
   */
  async flush(): Promise<void> {
    const flushed = this.#lastFlush.then(() => this.#write());
    this.#lastFlush = flushed.catch(() => undefined);
    await flushed;
  }

  /** Flushes and closes the file; the writer is of no use afterwards. */
  async close(): Promise<void> {
    await this.flush();
    await this.#file?.close();
    this.#file = undefined;
  }

  #summary(step: number, value: SummaryInit): void {
    this.#add({ step: BigInt(step), what: { case: 'summary', value: { value: [value] } } });
  }

  #add(event: MessageInitShape<typeof EventSchema>): void {
    const message = create(EventSchema, { wallTime: Date.now() / 1000, ...event });
    this.#pending.push(frameRecord(toBinary(EventSchema, message)));
  }

  async #write(): Promise<void> {
    const bytes = Buffer.concat(this.#pending.splice(0));
    if (bytes.length === 0) return;
    try {
      this.#file ??= await this.#open();
      await this.#file.appendFile(bytes);
    } catch (error) {
      throw toCodedError(error);
    }
  }

  async #open(): Promise<FileHandle> {
    await mkdir(this.#directory, { recursive: true });
    return open(this.path, 'ax');
  }
}
