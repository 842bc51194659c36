import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventSchema, type Event } from './generated/tensorflow/core/util/event_pb.js';
import { EventWriter } from './index.js';
import { maskedCrc32c } from './record-framing.js';
import { histogramOf } from './summaries.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function eventsIn(path: string): Event[] {
  const bytes = readFileSync(path);
  const events: Event[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 12 + Number(bytes.readBigUInt64LE(offset));
    const payload = bytes.subarray(offset + 12, end);
    expect(bytes.readUInt32LE(offset + 8)).toBe(maskedCrc32c(bytes.subarray(offset, offset + 8)));
    expect(bytes.readUInt32LE(end)).toBe(maskedCrc32c(payload));
    events.push(fromBinary(EventSchema, payload));
    offset = end + 4;
  }
  return events;
}

describe('EventWriter', () => {
  it('begins each file with the version, and keeps order, steps and values', async () => {
    const writer = new EventWriter(join(folder, 'train'), { suffix: '.train' });
    writer.scalar('loss', 1, 0.5);
    writer.scalar('loss', 2, 0.25);
    writer.graph(Uint8Array.of(1, 2));
    await writer.close();
    expect(basename(writer.path)).toMatch(/^events\.out\.tfevents\.\d{10}\..+\.\d+\.\d+\.train$/);
    const [version, first, second, graph] = eventsIn(writer.path);
    expect(version!.what).toEqual({ case: 'fileVersion', value: 'brain.Event:2' });
    expect([first!.step, second!.step]).toEqual([1n, 2n]);
    expect(graph!.what.case).toBe('graphDef');
    expect([...(graph!.what.value as Uint8Array)]).toEqual([1, 2]);
    expect(first!.wallTime).toBeLessThanOrEqual(second!.wallTime);
  });

  it('writes nothing until a flush, each event once, and in order when flushes overlap', async () => {
    const writer = new EventWriter(folder);
    writer.scalar('a', 0, 0);
    expect(readdirSync(folder)).toEqual([]);
    const flushes = [1, 2, 3].map((step) => {
      writer.scalar('a', step, step);
      return writer.flush();
    });
    await Promise.all(flushes);
    await writer.flush();
    expect(eventsIn(writer.path).map(({ step }) => Number(step))).toEqual([0, 0, 1, 2, 3]);
    await writer.close();
  });

  it('is the only writer of its folder until it is closed', async () => {
    const first = new EventWriter(join(folder, 'train'));
    expect(() => new EventWriter(`${folder}/./train`)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    await first.close();
    await new EventWriter(join(folder, 'train')).close();
    expect(readdirSync(join(folder, 'train'))).toHaveLength(2);
  });

  it('flushes by itself when events are old enough, and tells a failure of that with the next flush', async () => {
    const writer = new EventWriter(join(folder, 'train'), { flushEveryMs: 5 });
    writer.scalar('a', 1, 1);
    await expect.poll(() => existsSync(writer.path) && eventsIn(writer.path).length).toBe(2);
    await writer.close();

    const barred = new EventWriter(join(writer.path, 'below'), { flushEveryMs: 5 });
    await setTimeout(20);
    await expect(barred.flush()).rejects.toMatchObject({ name: 'CodedError' });
    await barred.close();
  });

  it('keeps no process alive', async () => {
    const program = `import { EventWriter } from '@bluewaters/tensorflow';
      new EventWriter(${JSON.stringify(folder)}).scalar('a', 1, 1);`;
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd, timeout: 20_000 });
  });

  it('says that the folder cannot be written', async () => {
    const taken = new EventWriter(folder);
    await taken.close();
    const writer = new EventWriter(join(taken.path, 'below'));
    await expect(writer.close()).rejects.toMatchObject({ name: 'CodedError' });
  });
});

describe('histogramOf', () => {
  it('counts every finite number once, from the least to the greatest', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const histogram = histogramOf([...values, NaN, Infinity]);
    expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(histogram[0]!.left).toBe(Math.min(...values));
    expect(histogram.at(-1)!.right).toBeCloseTo(Math.max(...values), 12);
  });

  it('is empty without numbers, and one bucket for one value', () => {
    expect(histogramOf([])).toEqual([]);
    expect(histogramOf([2, 2])).toEqual([{ left: 1.5, right: 2.5, count: 2 }]);
  });
});
