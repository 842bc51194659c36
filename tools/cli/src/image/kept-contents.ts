/** Bytes of an image's files that are looked at later, in a folder of this machine, under numbers. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toCodedError } from '@bluewaters/errors';
import type { TarMember, TarPart } from '@bluewaters/ingest';

const ELF = '\x7fELF';
/** The loader's configuration is the only text that is read. */
const TEXTS = /^\/etc\/ld\.so\.conf(?:$|\.d\/)/u;
const LONGEST_TEXT = 1 << 20;
const CHUNK_BYTES = 1 << 20;

/** Keeps programs, libraries and the loader's configuration; of anything else nothing. */
export class KeptContents {
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param folder Exists, and is empty. */
  static async in(folder: string): Promise<KeptContents> {
    const made = new KeptContents(folder);
    await writeFile(made.empty, '');
    return made;
  }

  /** An empty file, for all that is not kept. */
  get empty(): string {
    return join(this.#folder, 'empty');
  }

  /** @returns Where the bytes lie now, if they are kept. @throws {CodedError} STORE_FULL; what reading says. */
  async keep(path: string, { offset, size }: TarMember, read: TarPart['read']): Promise<string | undefined> {
    const isText = TEXTS.test(path) && size <= LONGEST_TEXT;
    const start = isText || size < ELF.length ? '' : (await read(offset, ELF.length)).toString('latin1');
    if (!isText && start !== ELF) return undefined;
    const target = join(this.#folder, String((this.#count += 1)));
    const file = await open(target, 'wx').catch(asCoded);
    try {
      for (let done = 0; done < size; done += CHUNK_BYTES) {
        const bytes = await read(offset + done, Math.min(CHUNK_BYTES, size - done));
        await file.appendFile(bytes).catch(asCoded);
      }
    } finally {
      await file.close();
    }
    return target;
  }
}

function asCoded(error: unknown): never {
  throw toCodedError(error);
}
