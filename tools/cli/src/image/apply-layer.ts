/** One layer of an image: a tar of what it adds, and of names that say what it takes away. */
import { posix } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { walkTar, type TarMember, type TarPart } from '@bluewaters/ingest';
import { LayerFault, type LayerTree } from './layer-tree.js';
import type { KeptContents } from './kept-contents.js';

/** Before a name: the layers below lose what has it. @see The layer specification of OCI images, "Whiteouts". */
const WHITEOUT = '.wh.';
/** The layers below lose all that the folder holds. */
const OPAQUE = '.wh..wh..opq';
/** Other names of aufs' own. */
const RESERVED = '.wh..wh.';
/** PATH_MAX of Linux. */
const LONGEST_PATH = 4096;
/** No image has so many, and memory is for fewer. */
const MOST_MEMBERS = 2_000_000;

/** What a layer is put on. */
export interface LayerContext {
  readonly tree: LayerTree;
  readonly contents: KeptContents;
  /** Of this layer, from 1. */
  readonly layer: number;
}

/**
 * Puts a layer on those below it.
 *
 * @throws {CodedError} ARCHIVE_INVALID for a name that leads out of the image, or what cannot be put there; ARCHIVE_TRUNCATED;
 * STORE_FULL.
 */
export async function applyLayer(part: TarPart, context: LayerContext): Promise<void> {
  let members = 0;
  for await (const member of walkTar(part)) {
    members += 1;
    if (members > MOST_MEMBERS) throw refused(part, member, `more than ${MOST_MEMBERS} members`);
    if (member.cut) continue; // the walk is about to say so
    try {
      await apply(member, part, context);
    } catch (error) {
      throw error instanceof LayerFault ? refused(part, member, error.message) : error;
    }
  }
}

async function apply(member: TarMember, part: TarPart, { tree, contents, layer }: LayerContext): Promise<void> {
  const path = pathOf(member.name);
  const name = posix.basename(path);
  const within = posix.dirname(path);
  if (name === OPAQUE) await tree.empty(within, layer);
  else if (name.startsWith(RESERVED)) return;
  else if (name.startsWith(WHITEOUT)) await tree.remove(posix.join(within, name.slice(WHITEOUT.length)), layer);
  else if (member.kind === 'directory') await tree.putFolder(path, layer);
  else if (path === '/') throw new LayerFault('the root, which is a folder');
  else if (member.kind === 'file') {
    const content = await contents.keep(path, member, part.read);
    await tree.put(path, { kind: 'file', mode: member.mode ?? 0, content }, layer);
  } else if (member.link?.kind === 'hard') {
    await tree.putHardLink(path, pathOf(member.link.target), layer);
  } else if (member.link) {
    await tree.put(path, { kind: 'link', target: bounded(member.link.target) }, layer);
  } else {
    // A device or the like: nothing to start, in the place of what was there.
    await tree.put(path, { kind: 'file', mode: 0, content: undefined }, layer);
  }
}

/** From `/`. @throws {LayerFault} For one that leads out of the image. */
function pathOf(name: string): string {
  const parts = bounded(name)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new LayerFault(`the name ${name}, which leads out of its folder`);
  return `/${parts.join('/')}`;
}

function bounded(name: string): string {
  if (name.length <= LONGEST_PATH) return name;
  throw new LayerFault(`a name of ${name.length} characters`);
}

function refused({ file }: TarPart, { offset }: TarMember, got: string): CodedError {
  return new CodedError('ARCHIVE_INVALID', 'A layer cannot be put on those below it', {
    details: { file, offset, expected: 'files, folders and links within the image', got },
  });
}
