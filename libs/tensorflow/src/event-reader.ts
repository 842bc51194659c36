/** Reads curves back from event files. No TensorFlow library is needed. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { toCodedError } from '@bluewaters/errors';
import type { Summary_Value } from './generated/tensorflow/core/framework/summary_pb.js';
import { EventSchema, type Event } from './generated/tensorflow/core/util/event_pb.js';
import { payloads } from './record-framing.js';

/** One point of a curve. */
export interface ScalarPoint {
  readonly step: number;
  readonly value: number;
  /** When it was written, in seconds since 1970. */
  readonly wallTime: number;
}

/**
 * The curves of a run: every scalar in the event files of a folder, by tag, in growing order of steps. A start that went
 * back to an earlier step replaces what the start before it had written from there on, as TensorBoard shows it. What a
 * killed writer left unfinished at the end of a file is passed over.
 *
 * @returns No curve for a folder that is not there or has no event files.
 * @throws {CodedError} STORE_REFUSED and the like when a file cannot be read.
 */
export async function readScalars(directory: string): Promise<ReadonlyMap<string, readonly ScalarPoint[]>> {
  const curves = new Map<string, ScalarPoint[]>();
  for (const name of await eventFiles(directory)) {
    let first: number | undefined;
    for (const payload of payloads(await readFile(join(directory, name)))) {
      const event = fromBinary(EventSchema, payload);
      for (const [tag, point] of scalarsOf(event)) {
        if (first === undefined) dropFrom(curves, (first = point.step));
        const curve = curves.get(tag) ?? [];
        curve.push(point);
        curves.set(tag, curve);
      }
    }
  }
  return curves;
}

/** In the order in which they were begun, which their names tell. */
async function eventFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.includes('.tfevents.')).sort();
  } catch (error) {
    if (toCodedError(error).code === 'FILE_NOT_FOUND') return [];
    throw toCodedError(error);
  }
}

function* scalarsOf({ step, wallTime, what }: Event): Generator<[tag: string, point: ScalarPoint]> {
  if (what.case !== 'summary') return;
  for (const summary of what.value.value) {
    const value = numberOf(summary);
    if (value !== undefined) yield [summary.tag, { step: Number(step), value, wallTime }];
  }
}

/** Of a scalar as TensorFlow 2 or TensorFlow 1 writes it; undefined for anything else. */
function numberOf({ value, metadata }: Summary_Value): number | undefined {
  if (value.case === 'simpleValue') return value.value;
  if (value.case !== 'tensor' || metadata?.pluginData?.pluginName !== 'scalars') return undefined;
  const { floatVal, tensorContent } = value.value;
  return floatVal[0] ?? (tensorContent.length === 4 ? Buffer.from(tensorContent).readFloatLE() : undefined);
}

function dropFrom(curves: ReadonlyMap<string, ScalarPoint[]>, step: number): void {
  for (const curve of curves.values()) {
    const kept = curve.findIndex((point) => point.step >= step);
    if (kept >= 0) curve.length = kept;
  }
}
