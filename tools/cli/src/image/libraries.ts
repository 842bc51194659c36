/** Which library of an image a program gets by a name: by its own paths, those that are configured, and the usual ones. */
import { posix } from 'node:path';
import type { Elf } from './elf.js';
import type { ImageTree } from './image-tree.js';

/** A program or library of an image. */
export interface Program extends Elf {
  /** In the image, from `/`. */
  readonly path: string;
}

/** Where glibc's loader looks on x64 and aarch64, in the builds of Debian, Red Hat and their like. */
const USUAL = ['x86_64-linux-gnu', 'aarch64-linux-gnu', '']
  .flatMap((name) => [`/lib/${name}`, `/usr/lib/${name}`])
  .concat('/lib64', '/usr/lib64');
const CONFIGURATION = '/etc/ld.so.conf';
/** Files that name one another end somewhere. */
const MOST_DEPTH = 8;

/** Finds libraries of one image. */
export class Libraries {
  readonly #tree: ImageTree;
  readonly #configured: readonly string[];
  readonly #programs: ReadonlyMap<string, Program>;

  private constructor(tree: ImageTree, configured: readonly string[], programs: readonly Program[]) {
    this.#tree = tree;
    this.#configured = configured;
    this.#programs = new Map(programs.map((program) => [program.path, program]));
  }

  /** @param programs All of the image: only they are found. */
  static async of(tree: ImageTree, programs: readonly Program[]): Promise<Libraries> {
    return new Libraries(tree, await configuredFolders(tree, CONFIGURATION), programs);
  }

  /** The library that a program would get; undefined where none is found. */
  async find(name: string, { path, searchPath, architecture }: Program): Promise<Program | undefined> {
    const own = searchPath.map((folder) => folder.replace(/\$(?:ORIGIN|\{ORIGIN\})/u, posix.dirname(path)));
    const folders = name.includes('/') ? [''] : [...own, ...this.#configured, ...USUAL];
    for (const folder of folders) {
      const file = await this.#tree.resolve(posix.join(folder, name));
      const found = file === undefined ? undefined : this.#programs.get(file);
      if (found?.architecture === architecture) return found;
    }
    return undefined;
  }
}

async function configuredFolders(tree: ImageTree, file: string, depth = 0): Promise<string[]> {
  const lines = (await tree.text(file)).split('\n').map((line) => line.replace(/#.*/u, '').trim());
  const folders: string[] = [];
  for (const line of lines.filter(Boolean)) {
    const [, pattern] = /^include\s+(\S+)$/u.exec(line) ?? [];
    if (pattern === undefined) folders.push(line);
    else if (depth < MOST_DEPTH) {
      for (const one of await matching(tree, posix.resolve('/etc', pattern))) {
        folders.push(...(await configuredFolders(tree, one, depth + 1)));
      }
    }
  }
  return folders;
}

/** Files of a pattern with stars in its last part. */
async function matching(tree: ImageTree, pattern: string): Promise<string[]> {
  const folder = posix.dirname(pattern);
  const [before = '', ...after] = posix.basename(pattern).split('*');
  if (after.length === 0) return [pattern];
  const end = after.at(-1) ?? '';
  const names = await tree.names(folder);
  return names.filter((name) => name.startsWith(before) && name.endsWith(end)).map((name) => posix.join(folder, name));
}
