/** Reads what there is to start or to load in an image. */
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { isCodedError } from '@bluewaters/errors';
import { readElf } from './elf.js';
import type { ImageFinding } from './image-finding.js';
import type { ImageFile, ImageTree } from './image-tree.js';
import { Libraries, type Program } from './libraries.js';

/** Permission bits. */
const SET_ID = 0o6000;
const EXECUTE = 0o111;

/** What was read of an image. */
export interface Image {
  readonly tree: ImageTree;
  readonly programs: readonly Program[];
  readonly libraries: Libraries;
  /** Programs of Node.js by path, with their versions where these were found. */
  readonly nodes: ReadonlyMap<string, string | undefined>;
  /** Files that run with the rights of their owner or group. */
  readonly setId: readonly string[];
  /** Files that are damaged. */
  readonly damaged: readonly ImageFinding[];
}

/** @throws {CodedError} FILE_NOT_FOUND or STORE_REFUSED for what cannot be read. */
export async function readImage(tree: ImageTree): Promise<Image> {
  const [programs, setId, damaged]: [Program[], string[], ImageFinding[]] = [[], [], []];
  const nodes = new Map<string, string | undefined>();
  for await (const file of tree.files()) {
    if ((file.mode & SET_ID) !== 0 && (file.mode & EXECUTE) !== 0) setId.push(file.path);
    const read = await readProgram(tree, file);
    if (!read) continue;
    if ('verdict' in read) damaged.push(read);
    else programs.push(read);
    if (posix.basename(file.path) === 'node') nodes.set(file.path, await nodeVersion(tree.onHost(file.path)));
  }
  programs.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { tree, programs, libraries: await Libraries.of(tree, programs), nodes, setId: setId.sort(), damaged };
}

async function readProgram(tree: ImageTree, { path, mode }: ImageFile): Promise<Program | ImageFinding | undefined> {
  try {
    const elf = await readElf(tree.onHost(path), path);
    return elf && { ...elf, path };
  } catch (error) {
    if (!isCodedError(error, 'PROGRAM_INVALID')) throw error;
    // Parts of others, such as debug information, have no right to be started.
    const verdict = (mode & EXECUTE) === 0 ? 'unproven' : 'no';
    return { what: 'damaged', verdict, why: error.message, files: [path] };
  }
}

/** Where Node.js says that its headers are. */
const HEADERS = /\/download\/release\/v(\d+\.\d+\.\d+)\/node-v/u;
/** More bytes than the pattern has: it may lie across two parts of a file. */
const OVERLAP = 256;

async function nodeVersion(file: string): Promise<string | undefined> {
  let before = '';
  for await (const part of createReadStream(file, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
    const text: string = before + String(part);
    const [, version] = HEADERS.exec(text) ?? [];
    if (version !== undefined) return version;
    before = text.slice(-OVERLAP);
  }
  return undefined;
}
