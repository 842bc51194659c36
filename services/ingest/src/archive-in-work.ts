import type { IngestRequest } from '@bluewaters/messages';
import { openSource, type FolderFile, type SourceFile } from '@bluewaters/storage';
import { readBoxes, type ReadBoxes } from './boxes/read-boxes.js';
import type { IndexContext } from './context.js';
import { filesOf, type PlainArchive } from './plain-archive.js';
import { planFolder } from './plan-folder.js';
import { planArchive, type ArchivePlan } from './plan.js';
import { Tolerance } from './refusal.js';
import { classesOf, nameOf, narrowPlan, readSelection, type ImageSelection, type Selection } from './selection.js';

/** An archive that is being indexed, with all that the index of one of its synsets depends on. */
export interface ArchiveInWork {
  readonly request: IngestRequest;
  readonly context: Pick<IndexContext, 'store' | 'limits' | 'picturesAtATime'>;
  readonly source: SourceFile;
  readonly plan: ArchivePlan;
  /** Undefined where no annotations were given. */
  readonly boxes: ReadBoxes | undefined;
  /** Those to take; undefined for all. */
  readonly images: ImageSelection | undefined;
}

/**
 * What of an archive a selection asks for.
 *
 * @param name The archive as the user named it, for errors.
 * @throws {CodedError} ARCHIVE_INVALID, ARCHIVE_TRUNCATED, WORDNET_INVALID.
 */
export async function planOf(
  name: string,
  {
    source,
    files,
    selection,
  }: {
    readonly source: SourceFile;
    /** Of a folder. */
    readonly files: readonly FolderFile[] | undefined;
    readonly selection: Selection;
  },
): Promise<ArchivePlan> {
  const whole = files ? planFolder(files, name, selection.listed) : await planArchive(source, name, selection);
  return narrowPlan(whole, selection);
}

/**
 * Opens, for a part of its work, an archive that another process has made ready: its bytes are plain, and what is refused of
 * its outer tar and annotations was counted there. The caller closes the source.
 *
 * @throws {CodedError} what reading an archive, lists and annotations may throw.
 */
export async function joinArchive(
  request: IngestRequest,
  archive: PlainArchive['archive'],
  context: Omit<IndexContext, 'spread'>,
): Promise<ArchiveInWork> {
  const { store } = context;
  const selection = await readSelection(request, store);
  const source = await openSource(store, archive);
  try {
    const plan = await planOf(nameOf(request.images), { source, files: await filesOf(store, archive), selection });
    const listed = new Set(classesOf(selection, plan).map(({ synset }) => synset));
    const tolerance = new Tolerance(request.maxRefused);
    const boxes = request.boxes && (await readBoxes(request.boxes, { ...context, listed, tolerance }));
    return { request, context, source, plan, boxes, images: selection.images };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}
