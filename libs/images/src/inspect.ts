import type { Metadata } from 'sharp';
import { asOrientation, type Orientation } from './exif.js';
import { startsAsJpeg, walkJpeg } from './jpeg-walk.js';
import {
  DEFAULT_LIMITS,
  assertBytes,
  assertPixels,
  invalidImage,
  type ImageLimits,
  type ImageSource,
} from './limits.js';
import { openPicture } from './open.js';

/** The kinds of file that are taken for pictures, found by content, whatever the name says. */
export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'webp';

/** What a picture is, by its headers. */
export interface ImageFacts {
  /** In pixels, as stored: EXIF orientation is not applied, as TensorFlow does not apply it. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Of the picture as a reader gets it: 1 for grey, 3 for everything else. */
  readonly channels: 1 | 3;
  readonly format: ImageFormat;
  /** How EXIF says that the stored picture is to be turned; left out where it says nothing, or that it is upright. */
  readonly orientation?: Exclude<Orientation, 1>;
  /** True when TensorFlow's DecodeJpeg reads it as is; otherwise it needs {@link repairImage}. */
  readonly readable: boolean;
  /** Why it is not readable as it is, in a few words: `a PNG with 16 bits`. */
  readonly reason?: string;
}

/**
 * Looks at a picture without decoding it. An ordinary JPEG costs a few microseconds: its segments are followed to the
 * end-of-image marker. Anything else has its header read by libvips, and `readable` is false.
 *
 * @param source Names the picture in errors.
 * @throws {CodedError} IMAGE_INVALID when the bytes are no picture of a known format, are cut short, or a side is 0.
 * @throws {CodedError} IMAGE_TOO_LARGE by `limits`; TOOL_MISSING for all but ordinary JPEGs where libvips does not run.
 */
export async function inspectImage(
  bytes: Uint8Array,
  source: ImageSource,
  limits: ImageLimits = DEFAULT_LIMITS,
): Promise<ImageFacts> {
  assertBytes(bytes, source, limits);
  const format = sniffFormat(bytes);
  if (!format) throw invalidImage(source, describeStart(bytes));
  const facts = format === 'jpeg' ? inspectJpeg(bytes, source, limits) : undefined;
  return facts ?? inspectOther(bytes, format, source, limits);
}

/** Undefined for a JPEG that libvips must judge. */
function inspectJpeg(bytes: Uint8Array, source: ImageSource, limits: ImageLimits): ImageFacts | undefined {
  const { frame, fault, at, orientation } = walkJpeg(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (!frame) throw invalidImage(source, `a JPEG without a frame header: ${fault ?? 'none'} at byte ${at}`);
  assertPixels(frame.width, frame.height, source, limits);
  // Truncation is certain here, and libvips would only find it by decoding.
  if (at === bytes.length && fault !== undefined) throw invalidImage(source, `a JPEG with ${fault}`);
  if (fault !== undefined || !frame.ordinary || frame.precision !== 8) return undefined;
  if (frame.components !== 1 && frame.components !== 3) return undefined;
  const { width, height, components: channels } = frame;
  return { width, height, channels, format: 'jpeg', ...turned(orientation), readable: true };
}

function turned(orientation: Orientation | undefined): Pick<ImageFacts, 'orientation'> {
  return orientation === undefined || orientation === 1 ? {} : { orientation };
}

async function inspectOther(
  bytes: Uint8Array,
  format: ImageFormat,
  source: ImageSource,
  limits: ImageLimits,
): Promise<ImageFacts> {
  // No limit here: reading a header is cheap, and the sides are needed for the error.
  const metadata = await openPicture(bytes, { ...limits, maxPixels: Number.MAX_SAFE_INTEGER })
    .metadata()
    .catch((error: unknown) => {
      throw invalidImage(source, `a damaged ${format} file`, error);
    });
  const { width, height, space } = metadata;
  assertPixels(width, height, source, limits);
  const grey = space === 'b-w' || space === 'grey16';
  const facts = {
    width,
    height,
    channels: grey ? 1 : 3,
    format,
    ...turned(asOrientation(metadata.orientation)),
  } as const;
  return { ...facts, readable: false, reason: reasonOf(metadata, format) };
}

/** What a reader of JPEGs in RGB or grey would stumble over. */
function reasonOf({ space, depth, hasAlpha, pages }: Metadata, format: ImageFormat): string {
  const oddities = [
    space === 'cmyk' ? 'in CMYK' : '',
    depth === 'ushort' ? 'with 16 bits' : '',
    hasAlpha ? 'with transparency' : '',
    pages !== undefined && pages > 1 ? `of ${pages} frames` : '',
  ].filter((oddity) => oddity !== '');
  const isPlainJpeg = format === 'jpeg' && oddities.length === 0;
  return [`a ${FORMAT_NAMES[format]}`, ...(isPlainJpeg ? ['that only some readers take'] : oddities)].join(' ');
}

const FORMAT_NAMES: Readonly<Record<ImageFormat, string>> = { jpeg: 'JPEG', png: 'PNG', gif: 'GIF', webp: 'WebP' };

/** By the first bytes; the list is closed, so that libvips is never handed a document or a script that draws. */
function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsAsJpeg(bytes)) return 'jpeg';
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif';
  if (start.startsWith('RIFF') && start.slice(8) === 'WEBP') return 'webp';
  return undefined;
}

/** Pictures of other kinds, by their first bytes in hexadecimal. */
const REFUSED_FORMATS: readonly (readonly [start: RegExp, name: string])[] = [
  [/^424d/u, 'a BMP'],
  [/^(?:49492a00|4d4d002a)/u, 'a TIFF'],
  [/^.{8}66747970/u, 'a HEIC, AVIF or other ISO media file'],
  [/^(?:0000000c6a502020|ff4fff51)/u, 'a JPEG 2000'],
];

function describeStart(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'no bytes';
  const start = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  const [, name] = REFUSED_FORMATS.find(([pattern]) => pattern.test(start)) ?? [];
  if (name !== undefined) return name;
  return `${bytes.length} bytes that start with 0x${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`;
}
