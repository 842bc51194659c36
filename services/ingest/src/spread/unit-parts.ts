/** Parts of a synset that is so large that one worker would still be at it when all others have nothing left. */
import { CodedError } from '@bluewaters/errors';
import { indexKeys, IndexedExample } from '@bluewaters/records';
import { getIfThere, type SourceFile } from '@bluewaters/storage';
import { z } from 'zod';
import type { ArchiveInWork } from '../archive-in-work.js';
import { sha256 } from '../examine.js';
import { lookAt, type Looked } from '../index-synset.js';
import { indexNameOf } from '../labels.js';
import type { SynsetTar } from '../plan.js';
import { asRefusal, Refusal } from '../refusal.js';
import { parseJson } from '../synset-result.js';
import { bytesOf, lookContext, type SynsetUnit } from '../synset-unit.js';
import { BLOCK_BYTES } from '../tar-header.js';
import type { Tally } from '../tally.js';
import { walkTar } from '../tar-walk.js';

/** Bytes of a part at least; a synset of ImageNet has 300 MB at most. */
export const PART_BYTES = 128 * 1024 * 1024;

/** Where a part lies: bytes from the start of the plain archive. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** A line of what was found in a part; they are in archive order. */
const Line = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('example'), example: IndexedExample, file: z.string() }),
  z.strictObject({ kind: z.literal('refused'), refusal: Refusal }),
]);

/**
 * The parts of a unit, in archive order, cut between members. Nothing for one that is not large, or whose tars cannot be
 * walked to the end: what came before the fault is then for one process to find.
 */
export async function partsOf(unit: SynsetUnit, source: SourceFile, partBytes: number): Promise<Part[]> {
  if (bytesOf(unit) < 2 * partBytes) return [];
  const end = endOf(unit);
  const parts: Part[] = [];
  let from = Math.min(...unit.tars.map(({ start }) => start));
  const cut = (to: number): void => {
    parts.push({ from, to });
    from = to;
  };
  try {
    for (const tar of unit.tars) {
      for await (const to of memberEnds(tar, source)) if (to - from >= partBytes && to < end) cut(to);
    }
  } catch (error) {
    asRefusal(error); // throws what is not about the archive
    return [];
  }
  cut(end);
  return parts;
}

/** Where something else may begin. */
async function* memberEnds(tar: SynsetTar, source: SourceFile): AsyncGenerator<number> {
  const read = async (offset: number, length: number): Promise<Buffer> =>
    Buffer.from(await source.read({ offset, length }));
  if (tar.picture === undefined) {
    for await (const { offset, size } of walkTar({ ...tar, read })) {
      const end = offset + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
      if (end < tar.end) yield end;
    }
  }
  yield tar.end;
}

function endOf({ tars }: SynsetUnit): number {
  return Math.max(...tars.map(({ end }) => end));
}

/** What of a unit is in a part. */
export function partOf(unit: SynsetUnit, { from, to }: Part): SynsetUnit {
  const tars = unit.tars
    .filter(({ start, end }) => start < to && end > from)
    .map((tar) => ({ ...tar, start: Math.max(tar.start, from), end: Math.min(tar.end, to) }));
  return { synset: unit.synset, tars, identity: sha256(JSON.stringify([unit.identity, from, to])) };
}

/**
 * Looks at the pictures of a part and stores what was found. One refusal more than the request allows ends it: what follows is
 * never asked for.
 *
 * @returns Sha256 of what was stored, and how many pictures it has.
 */
export async function storePart(
  part: SynsetUnit,
  archive: ArchiveInWork,
  { signal, tally }: { readonly signal: AbortSignal; readonly tally: Pick<Tally, 'add'> },
): Promise<{ readonly sha256: string; readonly examples: number }> {
  const { request, context } = archive;
  const lines: string[] = [];
  let [examples, refused] = [0, 0];
  for await (const looked of lookAt(part.tars, lookContext(part.synset, archive, { signal, tally }))) {
    tally.add(part.synset, { images: 1, bytes: 0 });
    lines.push(JSON.stringify(looked));
    if (looked.kind === 'example') examples++;
    else if (++refused > request.maxRefused) break;
  }
  const text = lines.map((line) => `${line}\n`).join('');
  await context.store.put(keyOf(part, archive), text);
  return { sha256: sha256(text), examples };
}

/** Whether what was found in a part is stored. Its key has its identity. */
export async function isStored(part: SynsetUnit, archive: ArchiveInWork): Promise<boolean> {
  return (await archive.context.store.stat(keyOf(part, archive))) !== undefined;
}

/** What was found in the parts of a synset, in their order. @throws {CodedError} INDEX_INVALID where it cannot be read. */
export async function* readParts(parts: readonly SynsetUnit[], archive: ArchiveInWork): AsyncGenerator<Looked> {
  for (const part of parts) {
    const key = keyOf(part, archive);
    const text = Buffer.from((await getIfThere(archive.context.store, key)) ?? notWhole(key, 'no such object'));
    for (const line of text.toString('utf8').split('\n').slice(0, -1)) {
      const { data } = Line.safeParse(parseJson(Buffer.from(line)));
      yield data ?? notWhole(key, line.slice(0, 100));
    }
  }
}

/** Forgets the parts of a synset that is done. */
export async function forgetParts(parts: readonly SynsetUnit[], archive: ArchiveInWork): Promise<void> {
  for (const part of parts) await archive.context.store.delete(keyOf(part, archive));
}

function keyOf({ synset, identity }: SynsetUnit, { request }: Pick<ArchiveInWork, 'request'>): string {
  return indexKeys.part(indexNameOf(request), synset, identity);
}

function notWhole(file: string, got: string): never {
  throw new CodedError('INDEX_INVALID', 'What was found in a part of a synset is not as it was stored', {
    details: { file, expected: 'what a worker has stored', got },
  });
}
