import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeJpeg } from './index.js';
import { isWholeBaseline } from './jpeg-codes.js';

const [width, height] = [61, 43];

/** Noise that always is the same: every kind of code occurs. */
function noise(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
}

const picture = sharp(noise(1, width * height * 3), { raw: { width, height, channels: 3 } });

/** What libvips, told to take no warning lightly, says of a picture. */
async function decodes(bytes: Uint8Array): Promise<boolean> {
  return sharp(bytes, { failOn: 'warning' })
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}

/**
 * A grey row of `blocks` blocks of 8 by 8, each between restart markers: what a codec made of one, again and again.
 *
 * @param first Number of the first marker, 0 in every true picture.
 */
async function withRestarts(blocks: number, first = 0): Promise<Buffer> {
  const one = Buffer.from(await encodeJpeg(noise(2, 64), { width: 8, height: 8, channels: 1, quality: 90 }));
  const frame = one.indexOf(Buffer.from('ffc0', 'hex'));
  one.writeUInt16BE(8 * blocks, frame + 7);
  const scan = one.indexOf(Buffer.from('ffda', 'hex'));
  const codes = one.subarray(scan + 2 + one.readUInt16BE(scan + 2), -2);
  const row = Array.from({ length: blocks }, (_, i) =>
    i === 0 ? [codes] : [Buffer.from([0xff, 0xd0 + ((first + i - 1) & 7)]), codes],
  );
  const interval = Buffer.from('ffdd00040001', 'hex');
  return Buffer.concat([
    one.subarray(0, scan),
    interval,
    one.subarray(scan, -2 - codes.length),
    ...row.flat(),
    one.subarray(-2),
  ]);
}

describe('reading the codes of a JPEG', () => {
  it.each([
    ['of halved colour', () => picture.clone().jpeg({ quality: 75 }).toBuffer()],
    ['of whole colour', () => picture.clone().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()],
    ['in grey', () => picture.clone().greyscale().jpeg().toBuffer()],
    ['with the codes of the standard', () => picture.clone().jpeg({ optimiseCoding: false }).toBuffer()],
    ['with a profile and EXIF', () => picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ['with restart markers', () => withRestarts(20)],
    ['with bytes after its end', async () => Buffer.concat([await picture.clone().jpeg().toBuffer(), noise(3, 9)])],
  ])('finds a baseline one %s whole, as a decoder does', async (_, make) => {
    const bytes = await make();
    expect(isWholeBaseline(bytes)).toBe(true);
    expect(await decodes(bytes)).toBe(true);
  });

  it('leaves a progressive one to a decoder', async () => {
    expect(isWholeBaseline(await picture.clone().jpeg({ progressive: true }).toBuffer())).toBe(false);
  });

  it('leaves one whose restart markers are miscounted to a decoder', async () => {
    expect(isWholeBaseline(await withRestarts(20, 1))).toBe(false);
  });

  it('does not find one whole that is cut anywhere, with an end put behind the cut', async () => {
    const bytes = await picture.clone().jpeg().toBuffer();
    const end = bytes.subarray(-2);
    for (let length = 2; length < bytes.length - 2; length++) {
      expect(isWholeBaseline(bytes.subarray(0, length))).toBe(false);
      expect(isWholeBaseline(Buffer.concat([bytes.subarray(0, length), end]))).toBe(false);
    }
  });

  it.each([
    ['rows', 5, height + 16],
    ['rows', 5, 65_000],
    ['columns', 7, width + 16],
    ['columns', 7, width - 16],
  ])('does not find one whole that claims other %s than it has (byte %i of the frame: %i)', async (_, at, claimed) => {
    const bytes = await picture.clone().jpeg().toBuffer();
    bytes.writeUInt16BE(claimed, bytes.indexOf(Buffer.from('ffc0', 'hex')) + at);
    expect(isWholeBaseline(bytes)).toBe(false);
  });

  it('never finds a damaged one whole that a decoder complains of', async () => {
    const originals = [
      await picture.clone().jpeg({ quality: 80 }).toBuffer(),
      await picture.clone().greyscale().jpeg({ optimiseCoding: false }).toBuffer(),
      await withRestarts(30),
    ];
    const found = { whole: 0, doubtful: 0 };
    for (const original of originals) {
      for (let i = 0; i < 500; i++) {
        const bytes = Buffer.from(original);
        const random = new DataView(noise(i, 4).buffer).getUint32(0);
        bytes[2 + (random % (bytes.length - 2))] = noise(i + 1, 1)[0]!;
        const isWhole = isWholeBaseline(bytes);
        found[isWhole ? 'whole' : 'doubtful']++;
        if (isWhole) expect(await decodes(bytes), `change ${i}`).toBe(true);
      }
    }
    // Most codes make another picture of the same length at best: a check that accepts, or refuses, all would be none.
    expect(Math.min(found.whole, found.doubtful)).toBeGreaterThan(100);
  });
});

const data = process.env['BLUEWATERS_DATA'];

describe.skipIf(!data)('the damaged pictures', () => {
  const folder = join(data ?? '', 'damaged/images');
  it.each(data ? readdirSync(folder).filter((name) => name.endsWith('.JPEG')) : [])(
    'finds %s whole only if a decoder does',
    async (name) => {
      const bytes = readFileSync(join(folder, name));
      expect(isWholeBaseline(bytes) && !(await decodes(bytes))).toBe(false);
    },
  );
});
