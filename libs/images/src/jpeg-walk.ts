/**
 * A walk along the segments of a JPEG file, without decoding: a few microseconds. It follows the marker rules that
 * libjpeg follows, so that a file that passes is one that TensorFlow's DecodeJpeg opens.
 */
import { readOrientation, type Orientation } from './exif.js';

/** What the frame header says. */
export interface JpegFrame {
  /** In pixels, as stored (EXIF orientation is not applied); 0 is possible in a damaged file. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1 grey, 3 colour, 4 CMYK or the like. */
  readonly components: number;
  /** Bits of each component. */
  readonly precision: number;
  /** Baseline, extended or progressive Huffman: what every decoder reads. */
  readonly ordinary: boolean;
}

/** A walk to the end of a file. */
export interface JpegWalk {
  /** Undefined when no frame header was found. */
  readonly frame: JpegFrame | undefined;
  /** Why the file can't be a whole picture; undefined when it is sound from SOI to EOI. */
  readonly fault: string | undefined;
  /** Bytes from the start of the file to the fault, or to the end of the picture. */
  readonly at: number;
  /** Of the first EXIF segment that has one. */
  readonly orientation: Orientation | undefined;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;

/** True when the bytes start as a JPEG file does. */
export function startsAsJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;
}

/** Walks from SOI to EOI; what follows EOI does not matter. `bytes` must start as a JPEG file does. */
export function walkJpeg(bytes: Buffer): JpegWalk {
  let frame: JpegFrame | undefined;
  let orientation: Orientation | undefined;
  const endAt = (at: number, fault?: string): JpegWalk => ({ frame, fault, at, orientation });
  let scans = 0;
  for (let at = 2; ; ) {
    const marker = findMarker(bytes, at);
    if (marker < 0) return endAt(bytes.length, 'no end-of-image marker');
    // Before the first scan decoders skip stray bytes; after it they are picture that was lost.
    if (scans > 0 && hasStrayBytes(bytes, at, marker)) return endAt(at, 'bytes between segments');
    const code = bytes[marker + 1]!;
    if (code === EOI) return endAt(marker + 2, scans === 0 ? 'no scan' : undefined);
    const end = endOfSegment(bytes, marker);
    if (end === undefined) return endAt(marker, `a damaged segment 0x${code.toString(16)}`);
    if (isFrameHeader(code)) frame ??= readFrame(bytes, marker);
    if (code === APP1) orientation ??= readOrientation(bytes.subarray(marker + 4, end));
    at = end;
    if (code !== SOS) continue;
    if (!frame) return endAt(marker, 'a scan without a frame header');
    scans++;
    at = endOfScan(bytes, end);
  }
}

/** Where the next marker's 0xff is, or -1. */
function findMarker(bytes: Buffer, from: number): number {
  for (let at = nextMark(bytes, from); at >= 0 && at + 1 < bytes.length; at = nextMark(bytes, at + 1)) {
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  }
  return -1;
}

/** True when there is anything but the 0xff that may be put before a marker. */
function hasStrayBytes(bytes: Buffer, from: number, marker: number): boolean {
  return bytes.subarray(from, marker).some((byte) => byte !== 0xff);
}

/** Where the segment ends; undefined when it runs past the file, or is of a kind that can't stand here. */
function endOfSegment(bytes: Buffer, marker: number): number | undefined {
  const code = bytes[marker + 1]!;
  // Reserved codes, restarts outside a scan, and a second SOI.
  if (code < 0xc0 || (code >= 0xd0 && code <= SOI)) return undefined;
  if (marker + 4 > bytes.length) return undefined;
  const length = bytes.readUInt16BE(marker + 2);
  const end = marker + 2 + length;
  return length < 2 || end > bytes.length ? undefined : end;
}

/** Where the marker stands that ends the entropy-coded bytes; the file's end when there is none. */
function endOfScan(bytes: Buffer, from: number): number {
  for (let at = nextMark(bytes, from); at >= 0; at = nextMark(bytes, at + 1)) {
    const code = bytes[at + 1];
    if (code === undefined) break;
    const within = code === 0 || code === 0xff || (code >= 0xd0 && code <= 0xd7);
    if (!within) return at;
  }
  return bytes.length;
}

/** So many bytes are looked at here before the search is left to native code, whose call takes as long as they do. */
const NEAR_BYTES = 16;

/** Where the next 0xff is, or -1. A call of `indexOf` for each of 64 MiB of nothing but 0xff would take some 14 s. */
function nextMark(bytes: Buffer, from: number): number {
  const near = Math.min(from + NEAR_BYTES, bytes.length);
  for (let at = from; at < near; at++) if (bytes[at] === 0xff) return at;
  return bytes.indexOf(0xff, near);
}

function isFrameHeader(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

function readFrame(bytes: Buffer, marker: number): JpegFrame | undefined {
  if (bytes.readUInt16BE(marker + 2) < 8) return undefined;
  return {
    precision: bytes[marker + 4]!,
    height: bytes.readUInt16BE(marker + 5),
    width: bytes.readUInt16BE(marker + 7),
    components: bytes[marker + 9]!,
    ordinary: bytes[marker + 1]! <= 0xc2,
  };
}
