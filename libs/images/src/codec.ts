import { createRequire } from 'node:module';
import { CodedError } from '@bluewaters/errors';
import type sharp from 'sharp';

/** The codec's own front: a function that opens pictures. */
type Codec = typeof sharp;

/** What sharp's packages ask for; its libvips wants this C library. */
export const NEEDED = { node: { major: 20, minor: 9 }, glibc: '2.28' };

let loaded: Codec | undefined;

/**
 * libvips through sharp, loaded with the first picture that has to be decoded or encoded: ordinary JPEGs, and so most
 * archives, get along without. An older Node is refused although it may load it, since on the systems that have nothing
 * newer the C library would refuse: what is seen elsewhere then holds there.
 *
 * @throws {CodedError} TOOL_MISSING where it does not run.
 */
export function codec(): Codec {
  loaded ??= load(process.versions.node);
  return loaded;
}

/** @param version Of Node. */
export function load(version: string): Codec {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const { node } = NEEDED;
  if (major < node.major || (major === node.major && minor < node.minor)) throw missing(version);
  try {
    const opened = createRequire(import.meta.url)('sharp') as Codec;
    // Every picture is met once, and many are in work at a time: caches and threads inside one picture only cost.
    opened.cache(false);
    opened.concurrency(1);
    return opened;
  } catch (cause) {
    throw missing(version, cause);
  }
}

function missing(version: string, cause?: unknown): CodedError {
  const { node, glibc } = NEEDED;
  return new CodedError(
    'TOOL_MISSING',
    'A picture has to be decoded or encoded, and sharp, which does it, does not run here',
    {
      details: {
        expected: `Node.js ${node.major}.${node.minor} and glibc ${glibc}, or newer`,
        got: `Node.js ${version}`,
      },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
