import { CodedError } from '@bluewaters/errors';

/** What a picture may cost. */
export interface ImageLimits {
  /** Encoded, in bytes. */
  readonly maxBytes: number;
  /** Width times height: decoded to RGB, each pixel takes three bytes. */
  readonly maxPixels: number;
}

/** Room for the largest pictures of ImageNet (60 million pixels), none for those that are made to fill a memory. */
export const DEFAULT_LIMITS: ImageLimits = { maxBytes: 64 * 1024 * 1024, maxPixels: 100_000_000 };

/** Where a picture came from, for errors. */
export interface ImageSource {
  /** The file, member or request, as the user would name it. */
  readonly file: string;
  /** Of the picture's first byte, from the start of the archive that holds it. */
  readonly offset?: number;
}

/** @throws {CodedError} IMAGE_TOO_LARGE. */
export function assertBytes(bytes: Uint8Array, source: ImageSource, limits: ImageLimits): void {
  if (bytes.length > limits.maxBytes) throw tooLarge(source, `${limits.maxBytes} bytes`, `${bytes.length} bytes`);
}

/** @throws {CodedError} IMAGE_TOO_LARGE, or IMAGE_INVALID when a side is 0. */
export function assertPixels(width: number, height: number, source: ImageSource, limits: ImageLimits): void {
  if (width === 0 || height === 0) throw invalidImage(source, `${width} x ${height} pixels`);
  if (width * height > limits.maxPixels) {
    throw tooLarge(source, `${limits.maxPixels} pixels`, `${width} x ${height} pixels`);
  }
}

/** The error for bytes that are no picture. */
export function invalidImage(source: ImageSource, got: string, cause?: unknown): CodedError {
  return new CodedError('IMAGE_INVALID', 'This is not a whole picture', {
    details: { ...source, expected: 'a JPEG, PNG, GIF or WebP picture', got },
    ...(cause === undefined ? {} : { cause }),
  });
}

function tooLarge(source: ImageSource, limit: string, got: string): CodedError {
  return new CodedError('IMAGE_TOO_LARGE', 'A picture is too large', {
    details: { ...source, expected: `at most ${limit}`, got },
  });
}
