/** The files of an image. Its links lead from its own root, never out of it. */
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

/** What is looked at of an image. */
export interface ImageTree {
  /** Where the bytes of a path of the image lie on this machine; links are not followed. */
  onHost(path: string): string;
  /** Every file, in no order. Folders that cannot be read fail. */
  files(): AsyncGenerator<ImageFile>;
  /** The file that a path leads to, as seen from within; undefined where there is none. */
  resolve(path: string): Promise<string | undefined>;
  /** Text of a file; empty where there is none. */
  text(path: string): Promise<string>;
  /** Names in a folder; none where it is not there. */
  names(folder: string): Promise<string[]>;
}

/** An image that was unpacked to a folder. */
export class FolderTree implements ImageTree {
  readonly #root: string;
  readonly #resolved = new Map<string, Promise<string | undefined>>();

  /** @param root The folder that it was unpacked to. */
  constructor(root: string) {
    this.#root = root;
  }

  onHost(path: string): string {
    return join(this.#root, path);
  }

  async *files(folder = '/'): AsyncGenerator<ImageFile> {
    for await (const entry of await opendir(this.onHost(folder))) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) yield* this.files(path);
      else if (entry.isFile()) yield { path, mode: (await lstat(this.onHost(path))).mode };
    }
  }

  resolve(path: string): Promise<string | undefined> {
    const known = this.#resolved.get(path);
    if (known) return known;
    const found = this.#follow(path);
    this.#resolved.set(path, found);
    return found;
  }

  #follow(path: string): Promise<string | undefined> {
    return followLinks(path, async (one) => {
      const facts = await lstat(this.onHost(one)).catch(() => undefined);
      return facts?.isSymbolicLink() ? readlink(this.onHost(one)) : facts && true;
    });
  }

  async text(path: string): Promise<string> {
    const file = await this.resolve(path);
    return file === undefined ? '' : readFile(this.onHost(file), 'utf8').catch(() => '');
  }

  async names(folder: string): Promise<string[]> {
    const found = await this.resolve(folder);
    const names: string[] = [];
    if (found === undefined) return names;
    for await (const { name } of await opendir(this.onHost(found))) names.push(name);
    return names.sort();
  }
}

/**
 * The path that another leads to, as seen from within an image.
 *
 * @param look Says where the link at a path leads, true of anything else that is there, undefined where nothing is.
 * @returns Undefined where `look` does, and for links without an end.
 */
export async function followLinks(
  path: string,
  look: (path: string) => Promise<string | true | undefined>,
): Promise<string | undefined> {
  let rest = parts(path);
  let here = '/';
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...after] = rest;
    const next = posix.join(here, name);
    const found = await look(next);
    if (found === undefined) return undefined;
    if (found === true) here = next;
    else if ((links += 1) > MOST_LINKS) return undefined;
    else if (found.startsWith('/')) here = '/';
    rest = found === true ? after : [...parts(found), ...after];
  }
  return here;
}

/** Names of a path, without empty ones and dots. */
export function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
