/** The files of an unpacked image. Its links lead from its own root, never out of it. */
import { lstat, opendir, readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** As many links as Linux follows in one path. */
const MOST_LINKS = 40;

/** A file, no link. */
export interface ImageFile {
  /** In the image, from `/`. */
  readonly path: string;
  /** Permissions, as `lstat` gives them. */
  readonly mode: number;
}

/** An unpacked image. */
export class ImageTree {
  readonly #root: string;
  readonly #resolved = new Map<string, Promise<string | undefined>>();

  /** @param root The folder that it was unpacked to. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Where a path of the image lies on this machine; links are not followed. */
  onHost(path: string): string {
    return join(this.#root, path);
  }

  /** Every file, in no order. Folders that cannot be read fail. */
  async *files(folder = '/'): AsyncGenerator<ImageFile> {
    for await (const entry of await opendir(this.onHost(folder))) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) yield* this.files(path);
      else if (entry.isFile()) yield { path, mode: (await lstat(this.onHost(path))).mode };
    }
  }

  /** The file that a path leads to, as seen from within; undefined where there is none. */
  resolve(path: string): Promise<string | undefined> {
    const known = this.#resolved.get(path);
    if (known) return known;
    const found = this.#follow(path);
    this.#resolved.set(path, found);
    return found;
  }

  async #follow(path: string): Promise<string | undefined> {
    let rest = parts(path);
    let here = '/';
    for (let links = 0; rest.length > 0; ) {
      const [name = '', ...after] = rest;
      const next = posix.join(here, name);
      const facts = await lstat(this.onHost(next)).catch(() => undefined);
      if (!facts) return undefined;
      if (facts.isSymbolicLink()) {
        if ((links += 1) > MOST_LINKS) return undefined;
        const target = await readlink(this.onHost(next));
        rest = [...parts(target), ...after];
        if (target.startsWith('/')) here = '/';
      } else {
        here = next;
        rest = after;
      }
    }
    return here;
  }

  /** Text of a file; empty where there is none. */
  async text(path: string): Promise<string> {
    const file = await this.resolve(path);
    return file === undefined ? '' : readFile(this.onHost(file), 'utf8').catch(() => '');
  }

  /** Names in a folder; none where it is not there. */
  async names(folder: string): Promise<string[]> {
    const found = await this.resolve(folder);
    const names: string[] = [];
    if (found === undefined) return names;
    for await (const { name } of await opendir(this.onHost(found))) names.push(name);
    return names.sort();
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
