import { isCodedError } from '@bluewaters/errors';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { asJpeg, assertDecodes, encodeJpeg, inspectImage, repairImage } from './index.js';
import { walkJpeg } from './jpeg-walk.js';

const source = { file: 'n02102040.tar/n02102040_1.JPEG', offset: 1536 };
const [width, height] = [48, 32];

/** Left half dark, right half bright: survives any codec. */
function pixels(channels: 1 | 3): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) =>
    Math.floor(i / channels) % width < width / 2 ? 40 : 200,
  );
}

function picture(): Sharp {
  return sharp(pixels(3), { raw: { width, height, channels: 3 } });
}

const jpeg = await encodeJpeg(pixels(3), { width, height, channels: 3, quality: 90 });
const grey = await encodeJpeg(pixels(1), { width, height, channels: 1, quality: 90 });

/** The outcome for a picture: its facts, or the code it is refused with. */
async function outcome(bytes: Uint8Array): Promise<unknown> {
  return inspectImage(bytes, source).catch((error: unknown) => (isCodedError(error) ? error.code : error));
}

describe('inspecting pictures', () => {
  it.each([
    ['a colour JPEG', () => jpeg, 3],
    ['a grey JPEG', () => grey, 1],
    ['a progressive JPEG', () => picture().jpeg({ progressive: true }).toBuffer(), 3],
    ['a JPEG with restart markers and subsampled colours', () => picture().jpeg({ quality: 50 }).toBuffer(), 3],
    ['a JPEG with bytes after its end', () => Buffer.concat([jpeg, Buffer.from('more')]), 3],
  ])('takes %s as it is', async (_, make, channels) => {
    expect(await outcome(await make())).toEqual({ width, height, channels, format: 'jpeg', readable: true });
  });

  it.each([
    ['jpeg', 'a JPEG in CMYK', () => picture().toColourspace('cmyk').jpeg().toBuffer(), 3],
    ['png', 'a PNG', () => picture().png().toBuffer(), 3],
    ['png', 'a PNG with transparency', () => picture().ensureAlpha(0.5).png().toBuffer(), 3],
    ['png', 'a PNG with 16 bits', () => picture().toColourspace('grey16').png().toBuffer(), 1],
    ['gif', 'a GIF with transparency', () => picture().gif().toBuffer(), 3],
    ['webp', 'a WebP', () => picture().webp().toBuffer(), 3],
  ])(
    'finds that %s, being %s, must be repaired, and repairs it to RGB of the same size',
    async (format, reason, make, channels) => {
      expect(await outcome(await make())).toEqual({ width, height, channels, format, readable: false, reason });
      const repaired = await repairImage(await make(), source);
      expect(repaired).toMatchObject({ width, height });
      expect(await outcome(repaired.encoded)).toEqual({ width, height, channels: 3, format: 'jpeg', readable: true });
      const { data } = await sharp(repaired.encoded).raw().toBuffer({ resolveWithObject: true });
      expect(data[4 * 3]!).toBeLessThan(data[(width - 4) * 3]!);
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'tells EXIF orientation %i as libvips does, of every format',
    async (orientation) => {
      const turned = picture().withMetadata({ orientation });
      const pictures = [
        turned.clone().jpeg(),
        turned.clone().jpeg({ progressive: true }),
        turned.clone().png(),
        turned.webp(),
      ];
      for (const each of pictures) {
        const bytes = await each.toBuffer();
        expect((await sharp(bytes).metadata()).orientation).toBe(orientation);
        // Upright is what is left out; sides are those of the stored picture.
        const facts = { width, height, ...(orientation !== 1 && { orientation }) };
        const found = await inspectImage(bytes, source);
        expect(found).toMatchObject(facts);
        expect('orientation' in found).toBe(orientation !== 1);
        expect(await outcome((await repairImage(bytes, source)).encoded)).not.toHaveProperty('orientation');
      }
    },
  );

  it('reads EXIF in either order of bytes, and takes for upright what is no sound EXIF', async () => {
    const orientationIn = async (hex: string): Promise<number | undefined> => {
      const payload = Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from(hex.replaceAll(' ', ''), 'hex')]);
      const head = Buffer.from([0xff, 0xe1, 0, payload.length + 2]);
      const bytes = Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)]);
      return (await inspectImage(bytes, source)).orientation;
    };
    const [big, little] = ['4d4d 002a 00000008', '4949 2a00 08000000'];
    const other = '0100 0003 00000001 00100000';
    expect(await orientationIn(`${big} 0002 ${other} 0112 0003 00000001 00060000`)).toBe(6);
    expect(await orientationIn(`${little} 0100 1201 0300 01000000 08000000`)).toBe(8);
    for (const damaged of [
      '',
      '4d4d',
      `4d4d 002b 00000008 0001 0112 0003 00000001 00060000`, // not TIFF
      `5050 002a 00000008 0001 0112 0003 00000001 00060000`, // no order of bytes
      `4d4d 002a ffffffff 0001 0112 0003 00000001 00060000`, // a directory beyond the end
      `${big} ffff ${other} 0112 0003 00000001`, // cut in the entry
      `${big} 0001 0112 0004 00000001 00000006`, // another type
      `${big} 0001 0112 0003 00000001 00090000`, // beyond 8
    ]) {
      expect(await orientationIn(damaged)).toBeUndefined();
    }
  });

  it('refuses a JPEG cut at any of its bytes', async () => {
    for (let length = 0; length < jpeg.length; length++)
      expect(await outcome(jpeg.subarray(0, length))).toBe('IMAGE_INVALID');
  });

  it('never says readable of a JPEG with a false marker in its scan', async () => {
    const damaged = Buffer.from(jpeg);
    damaged.writeUInt16BE(0xff01, damaged.length - 20);
    const facts = await inspectImage(damaged, source);
    expect(facts.readable).toBe(false);
    await expect(repairImage(damaged, source)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it.each([
    ['text', Buffer.from('not a picture at all')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['no bytes', Buffer.alloc(0)],
    ['a PNG header without a PNG', Buffer.from('\x89PNG\r\n\x1a\nxxxxxxxx', 'latin1')],
  ])('refuses %s and names file and offset', async (_, bytes) => {
    await expect(inspectImage(bytes, source)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      details: expect.objectContaining(source),
    });
  });

  it.each([
    ['a BMP', '424d3a00000000000000'],
    ['a TIFF', '49492a0008000000'],
    ['a TIFF', '4d4d002a00000008'],
    ['a HEIC, AVIF or other ISO media file', '0000002066747970686569630000'],
    ['a JPEG 2000', '0000000c6a5020200d0a870a'],
  ])('refuses %s by the name of its kind: 0x%s', async (kind, hex) => {
    await expect(inspectImage(Buffer.from(hex, 'hex'), source)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      details: { expected: 'a JPEG, PNG, GIF or WebP picture', got: kind },
    });
  });

  it('refuses a picture by its header when it has too many pixels or bytes', async () => {
    const limits = { maxBytes: jpeg.length, maxPixels: width * height };
    await expect(inspectImage(jpeg, source, limits)).resolves.toMatchObject({ width });
    for (const tight of [
      { ...limits, maxBytes: jpeg.length - 1 },
      { ...limits, maxPixels: width * height - 1 },
    ]) {
      await expect(inspectImage(jpeg, source, tight)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    }
    const png = await picture().png().toBuffer();
    await expect(inspectImage(png, source, { ...limits, maxPixels: 10 })).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
    });
  });
});

describe('walking along a JPEG', () => {
  it.each([
    ['0xff', 'ff'],
    ['0xff00', 'ff00'],
  ])('looks through a scan of nothing but %s with few calls into native code', (_, filling) => {
    const start = Buffer.from(jpeg);
    const scan = start.indexOf(Buffer.from('ffda', 'hex'));
    const bytes = Buffer.concat([start.subarray(0, scan + 14), Buffer.alloc(1 << 20, filling, 'hex')]);
    const twin = Buffer.from(bytes);
    let calls = 0;
    const indexOf = (value: number, from: number): number => {
      calls++;
      return twin.indexOf(value, from);
    };
    expect(walkJpeg(Object.assign(bytes, { indexOf })).fault).toBe('no end-of-image marker');
    expect(calls).toBeLessThan(100);
  });
});

describe('decoding every pixel', () => {
  it('passes what is whole, and refuses a scan that ends early behind a sound header', async () => {
    await assertDecodes(jpeg, { width, height }, source);
    const noise = Uint8Array.from({ length: width * height }, (_, i) => (i * 2654435761) >>> 24);
    const busy = await encodeJpeg(noise, { width, height, channels: 1, quality: 95 });
    await assertDecodes(busy, { width, height }, source);
    const short = Buffer.concat([busy.subarray(0, busy.length / 2), Buffer.from([0xff, 0xd9])]);
    expect(await outcome(short)).toMatchObject({ readable: true });
    for (const claimed of [width, 10_000]) {
      const decoding = assertDecodes(short, { width: claimed, height: claimed }, source);
      await expect(decoding).rejects.toMatchObject({ code: 'IMAGE_INVALID', details: source });
    }
  });
});

describe('asJpeg', () => {
  it('leaves an ordinary JPEG untouched and turns a PNG into one', async () => {
    expect(await asJpeg(jpeg, source)).toBe(jpeg);
    expect(await outcome(await asJpeg(await picture().png().toBuffer(), source))).toMatchObject({ readable: true });
  });
});

describe('encodeJpeg', () => {
  it('keeps pixels within what the quality allows, and gives the same bytes again', async () => {
    const layout = { width, height, channels: 1, quality: 95 } as const;
    const bytes = await encodeJpeg(pixels(1), layout);
    const { data, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(1);
    pixels(1).forEach((value, i) => expect(Math.abs(value - data[i]!)).toBeLessThan(12));
    expect(await encodeJpeg(pixels(1), layout)).toEqual(bytes);
  });
});
