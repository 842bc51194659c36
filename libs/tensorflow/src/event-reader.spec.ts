import { appendFile, mkdtemp, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventWriter, readScalars } from './index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-reader-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** One start of a run: writes a file of its own, the `start`-th. */
async function write(start: number, points: readonly (readonly [step: number, value: number])[]): Promise<string> {
  const writer = new EventWriter(folder);
  for (const [step, value] of points) writer.scalar('loss', step, value);
  writer.text('note', 0, 'no curve');
  await writer.close();
  // Two starts of a test may be in one second, of which a name tells no more.
  const path = join(folder, `events.out.tfevents.000000000${start}.host`);
  await rename(writer.path, path);
  return path;
}

async function steps(): Promise<(readonly [number, number])[]> {
  const curve = (await readScalars(folder)).get('loss') ?? [];
  return curve.map(({ step, value }) => [step, value] as const);
}

describe('readScalars', () => {
  it('gives back what was written, by tag, and nothing that is no scalar', async () => {
    await write(1, [
      [1, 0.5],
      [2, 0.25],
    ]);
    expect([...(await readScalars(folder)).keys()]).toEqual(['loss']);
    expect(await steps()).toEqual([
      [1, 0.5],
      [2, 0.25],
    ]);
  });

  it('takes from a start that went back what it has, and from the one before only what came earlier', async () => {
    const earlier = [10, 20, 30, 40].map((step) => [step, 1] as const);
    await write(1, earlier);
    await write(2, [
      [30, 2],
      [40, 2],
      [50, 2],
    ]);
    expect(await steps()).toEqual([
      [10, 1],
      [20, 1],
      [30, 2],
      [40, 2],
      [50, 2],
    ]);
  });

  it('reads a file up to where a killed writer left it, whatever byte that is', async () => {
    const points = [1, 2, 3].map((step) => [step, step] as const);
    const path = await write(1, points);
    const { size } = await stat(path);
    let seen = 3;
    for (let length = size - 1; length >= 0; length -= 7) {
      await truncate(path, length);
      const found = await steps();
      expect(found).toEqual(points.slice(0, found.length));
      expect(found.length).toBeLessThanOrEqual(seen);
      seen = found.length;
    }
    await appendFile(path, 'not a record at all');
    expect(await steps()).toEqual([]);
  });

  it('finds no curve where there is no folder', async () => {
    expect((await readScalars(join(folder, 'nowhere'))).size).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });
});
