import { mkdtemp, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { toCodedError } from '@bluewaters/errors';
import type { Progress } from '@bluewaters/messages';
import { indexKeys } from '@bluewaters/records';
import { ProgressMeter } from '@bluewaters/service';
import {
  getIfThere,
  listFolder,
  openSource,
  type FolderFile,
  type FolderName,
  type ObjectStore,
  type SourceFile,
  type SourceName,
} from '@bluewaters/storage';
import { z } from 'zod';
import { assertArchive } from './archive-form.js';
import type { Compression } from './decompress.js';
import { compressionOf, inflate } from './inflate.js';
import { isPartOfFolder } from './plan-folder.js';
import { asRefusal, Refusal } from './refusal.js';
import { parseJson } from './synset-result.js';

/** What inflating needs beside the archive. */
export interface InflateContext {
  readonly store: ObjectStore;
  /** What its index is kept under. */
  readonly index: string;
  /** A folder with room for the plain archive. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
  /** Called before anything that an older index names is replaced. */
  readonly beforeReplacing: () => Promise<void>;
  /** Keep what comes before the place where a stream is cut. */
  readonly keepCut: boolean;
}

/** Where an archive's plain bytes are. */
export interface PlainArchive {
  readonly archive: SourceName | FolderName;
  /** Of a folder: what is in it, in the order of its offsets. */
  readonly files?: readonly FolderFile[];
  /** Where its stream was cut, if it was. */
  readonly refusals: readonly Refusal[];
}

/** What `archive.tar` was inflated from, in `archive.json`; written after it. */
const Origin = z.strictObject({
  source: z.unknown(),
  version: z.string(),
  size: z.int().nonnegative(),
  /** Where the stream is cut. */
  cut: Refusal.optional(),
});
type Origin = z.infer<typeof Origin>;

/**
 * Where the archive's plain bytes are. A gzip or zstd stream is inflated into the store once, since its members can't be
 * found by offset; a plain archive stays where it is, and so do the files of a folder.
 *
 * @throws {CodedError} ARCHIVE_INVALID for what never was a tar, a damaged stream, or one that inflates beyond reason;
 * ARCHIVE_TRUNCATED for one that was cut, TOOL_MISSING, STORE_FULL, INTERRUPTED.
 */
export async function plainArchive(images: SourceName, context: InflateContext): Promise<PlainArchive> {
  if ('path' in images && (await isFolder(images.path))) return listFiles(images.path, context);
  await using source = await openSource(context.store, images);
  const compression = await compressionOf(source);
  const key = indexKeys.archive(context.index);
  const found = compression && (await findInflated(images, source, context));
  if (found) return { archive: { key }, refusals: found.cut ? [found.cut] : [] };
  await assertArchive(source, compression);
  if (!compression) return { archive: images, refusals: [] };
  await context.beforeReplacing();
  await context.store.delete(indexKeys.archiveOrigin(context.index));
  const { size, cut } = await inflateInto(key, source, { ...context, compression });
  const origin: Origin = { source: images, version: source.version, size, ...(cut && { cut }) };
  await context.store.put(indexKeys.archiveOrigin(context.index), JSON.stringify(origin));
  return { archive: { key }, refusals: cut ? [cut] : [] };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A folder is read as if its files were one after the other; what they are is stored, so that offsets keep their meaning. */
async function listFiles(folder: string, context: InflateContext): Promise<PlainArchive> {
  const { store, index, beforeReplacing } = context;
  const files = (await listFolder(folder)).filter(({ name }) => isPartOfFolder(name));
  const lines = files.map((file) => `${JSON.stringify(file)}\n`).join('');
  const key = indexKeys.files(index);
  const before = await getIfThere(store, key);
  if (!before || Buffer.from(before).toString() !== lines) {
    await beforeReplacing();
    await store.put(key, lines);
  }
  return { archive: { folder, files: key }, files, refusals: [] };
}

/** What the list of a folder's files says; undefined for what is no folder. */
export async function filesOf(
  store: ObjectStore,
  archive: PlainArchive['archive'],
): Promise<readonly FolderFile[] | undefined> {
  if (!('folder' in archive)) return undefined;
  const lines = Buffer.from(await store.get(archive.files))
    .toString('utf8')
    .split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as FolderFile);
}

async function findInflated(
  images: SourceName,
  source: SourceFile,
  { store, index, keepCut }: InflateContext,
): Promise<Origin | undefined> {
  const bytes = await getIfThere(store, indexKeys.archiveOrigin(index));
  const origin = Origin.safeParse(bytes && parseJson(bytes)).data;
  if (!origin || JSON.stringify(origin.source) !== JSON.stringify(images) || origin.version !== source.version) {
    return undefined;
  }
  if (origin.cut && !keepCut) return undefined;
  return (await store.stat(indexKeys.archive(index)))?.size === origin.size ? origin : undefined;
}

/** @returns bytes of the plain archive. */
async function inflateInto(
  key: string,
  source: SourceFile,
  context: InflateContext & { readonly compression: Compression },
): Promise<{ size: number; cut?: Refusal }> {
  const { compression, keepCut, scratch, signal, store, report } = context;
  const folder = await mkdtemp(join(scratch, 'bluewaters-inflate-')).catch((error: unknown) => {
    throw toCodedError(error);
  });
  const meter = new ProgressMeter(report, 'bytes');
  const notices = [costOf(source, context)];
  const onProgress = (done: number, total: number): void => meter.update('inflating', done, total, notices);
  // Before the first byte, so that it can be stopped before it has cost anything.
  meter.last('inflating', 0, source.size, notices);
  try {
    const path = join(folder, 'archive.tar');
    const cut = await inflate(source, { compression, path, keepCut, signal, onProgress });
    return { size: (await store.putFile(key, path)).size, ...(cut && { cut: asRefusal(cut) }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pictures don't shrink: the plain bytes are about as many. */
function costOf(
  { file, size }: SourceFile,
  { store, scratch, compression }: Parameters<typeof inflateInto>[2],
): string {
  const bytes = size < 1e9 ? `${(size / 1e6).toFixed(1)} MB` : `${(size / 1e9).toFixed(1)} GB`;
  return (
    `${basename(file)} is a ${compression} stream: it is inflated once, into ${store.description} by way of ${scratch}, ` +
    `which takes some ${bytes} in each; a plain tar would be read where it is`
  );
}
