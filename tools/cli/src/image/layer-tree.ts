/** The files of an image as its layers leave them, kept in memory: no name of an image is ever a path of this machine. */
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { followLinks, parts, type ImageFile, type ImageTree } from './image-tree.js';

/** A folder; `layer` is the last one that wrote it, as of everything below. */
interface Folder {
  readonly kind: 'folder';
  readonly layer: number;
  readonly children: Map<string, Entry>;
}

/** What a layer puts at a path. */
export type NewEntry =
  /** Permissions, and where its bytes lie on this machine if they were kept. */
  | { readonly kind: 'file'; readonly mode: number; readonly content: string | undefined }
  | { readonly kind: 'link'; readonly target: string };

type Entry = Folder | (NewEntry & { readonly layer: number });

/** Why a layer cannot be put on those below; whoever reads it knows where it stands. */
export class LayerFault extends Error {
  override readonly name = 'LayerFault';
}

/** An image that layers are put on, one after the other. */
export class LayerTree implements ImageTree {
  readonly #root: Folder = folderOf(0);
  readonly #empty: string;

  /** @param empty An empty file of this machine, for all whose bytes are not kept. */
  constructor(empty: string) {
    this.#empty = empty;
  }

  /** Puts a file or link, in the place of whatever is there. @throws {LayerFault} Where a file is in the way. */
  async put(path: string, entry: NewEntry, layer: number): Promise<void> {
    const folder = await this.#folderOf(path, layer);
    folder.children.set(posix.basename(path), { ...entry, layer });
  }

  /** Puts a folder; what one that is there holds stays. @throws {LayerFault} Where a file is in the way. */
  async putFolder(path: string, layer: number): Promise<void> {
    if (path === '/') return;
    const { children } = await this.#folderOf(path, layer);
    const name = posix.basename(path);
    const before = children.get(name);
    children.set(name, folderOf(layer, before?.kind === 'folder' ? before.children : new Map<string, Entry>()));
  }

  /** Gives a file of the image a second name. @throws {LayerFault} Without such a file. */
  async putHardLink(path: string, target: string, layer: number): Promise<void> {
    const within = await this.resolve(posix.dirname(target));
    const entry = within === undefined ? undefined : this.#at(posix.join(within, posix.basename(target)));
    if (!entry || entry.kind === 'folder') throw new LayerFault(`a hard link to ${target}, which is not there`);
    await this.put(path, entry, layer);
  }

  /** Takes away what layers below have put there; what this one has stays. */
  async remove(path: string, layer: number): Promise<void> {
    const folder = await this.#folderOf(path, layer);
    removeOlder(folder, posix.basename(path), layer);
  }

  /** The same for everything in a folder. */
  async empty(path: string, layer: number): Promise<void> {
    const folder = await this.#folderOf(posix.join(path, '.in'), layer);
    for (const name of [...folder.children.keys()]) removeOlder(folder, name, layer);
  }

  onHost(path: string): string {
    const entry = this.#at(path);
    return (entry?.kind === 'file' ? entry.content : undefined) ?? this.#empty;
  }

  async *files(): AsyncGenerator<ImageFile> {
    const folders: (readonly [string, Folder])[] = [['/', this.#root]];
    for (let next = folders.pop(); next; next = folders.pop()) {
      const [above, { children }] = next;
      for (const [name, entry] of children) {
        const path = posix.join(above, name);
        if (entry.kind === 'folder') folders.push([path, entry]);
        else if (entry.kind === 'file') yield { path, mode: entry.mode };
      }
    }
  }

  resolve(path: string): Promise<string | undefined> {
    return followLinks(path, async (one) => lookOf(this.#at(one)));
  }

  async text(path: string): Promise<string> {
    const file = await this.resolve(path);
    return file === undefined ? '' : readFile(this.onHost(file), 'utf8');
  }

  async names(folder: string): Promise<string[]> {
    const found = await this.resolve(folder);
    const entry = found === undefined ? undefined : this.#at(found);
    return entry?.kind === 'folder' ? [...entry.children.keys()].sort() : [];
  }

  /** What lies at a path; no link is followed. */
  #at(path: string): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const name of parts(path)) entry = entry?.kind === 'folder' ? entry.children.get(name) : undefined;
    return entry;
  }

  /** The folder that something is put into, through links as within a chroot; what is missing of it is made. */
  async #folderOf(path: string, layer: number): Promise<Folder> {
    const found = await followLinks(posix.dirname(path), async (one) => {
      const entry = this.#at(one);
      if (entry) return lookOf(entry);
      const above = this.#at(posix.dirname(one));
      if (above?.kind !== 'folder') throw new LayerFault(`${posix.dirname(one)}, where a folder is needed`);
      above.children.set(posix.basename(one), folderOf(layer));
      return true;
    });
    const entry = found === undefined ? undefined : this.#at(found);
    if (entry?.kind === 'folder') return entry;
    throw new LayerFault(`${posix.dirname(path)}, where a folder is needed`);
  }
}

function folderOf(layer: number, children: Folder['children'] = new Map()): Folder {
  return { kind: 'folder', layer, children };
}

function lookOf(entry: Entry | undefined): string | true | undefined {
  return entry?.kind === 'link' ? entry.target : entry && true;
}

/** Folders that this layer has written keep what it put there. */
function removeOlder(folder: Folder, name: string, layer: number): void {
  const waiting: (readonly [Folder, string])[] = [[folder, name]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [{ children }, one] = next;
    const entry = children.get(one);
    if (entry === undefined) continue;
    if (entry.layer < layer) children.delete(one);
    else if (entry.kind === 'folder') for (const child of entry.children.keys()) waiting.push([entry, child]);
  }
}
