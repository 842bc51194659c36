import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Writes a file beside its place, flushes it and renames it, so that readers see the old one or the new one. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.writing`;
  const file = await open(beside, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

/** The identity of a file's bytes. */
export interface FileDigest {
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Reads a file once, streaming, for its size and sha256. */
export async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return { size: (await stat(path)).size, sha256: hash.digest('hex') };
}
