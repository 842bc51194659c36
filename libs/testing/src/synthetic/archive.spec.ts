import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { syntheticArchive, syntheticJpeg, temporaryDirectory } from '../index.js';

const run = promisify(execFile);

describe('syntheticJpeg', () => {
  it.each([
    [1, 'b-w'],
    [3, 'srgb'],
    [4, 'cmyk'],
  ] as const)('makes a picture of %i channels of the size that was asked for', async (channels, space) => {
    const bytes = await syntheticJpeg({ width: 31, height: 17, channels });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 31, height: 17, channels, space });
  });

  it('makes the same picture for the same seed and another for another', async () => {
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => syntheticJpeg({ seed })));
    expect(one!.equals(same!)).toBe(true);
    expect(one!.equals(other!)).toBe(false);
  });
});

describe('syntheticArchive', () => {
  it('is read by tar, nested, with each picture at its offset', async () => {
    const note = { name: 'README', bytes: Buffer.from('no picture') };
    const made = await syntheticArchive({ imagesPerSynset: 2, extras: [{ synset: 'n01443537', member: note }] });
    const folder = await temporaryDirectory();
    await writeFile(join(folder, 'Images.tar'), made.archive);
    const list = async (name: string) => (await run('tar', ['-tf', name], { cwd: folder })).stdout.trim().split('\n');
    expect(await list('Images.tar')).toEqual(['n01440764.tar', 'n01443537.tar']);
    await run('tar', ['-xf', 'Images.tar'], { cwd: folder });
    expect(await list('n01443537.tar')).toEqual(['n01443537_1.JPEG', 'n01443537_2.JPEG', 'README']);
    expect(made.images.map(({ name }) => name)).toHaveLength(4);
    for (const { bytes, offset } of made.images) {
      expect(made.archive.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
    }
    expect(made.synsets).toBe('n01440764\nn01443537\n');
    expect(made.words).toMatch(/^n01440764\t[^\t\n]+\nn01443537\t[^\t\n]+\n$/u);
  });

  it('is the same for the same options, also when it is compressed', async () => {
    const [one, same, zipped] = [
      await syntheticArchive({ seed: 5 }),
      await syntheticArchive({ seed: 5 }),
      await syntheticArchive({ seed: 5, gzip: true }),
    ];
    expect(one.archive.equals(same.archive)).toBe(true);
    expect(gunzipSync(zipped.archive).equals(one.archive)).toBe(true);
  });
});
