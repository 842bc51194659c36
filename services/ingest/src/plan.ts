import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import type { SourceFile } from '@bluewaters/storage';
import { safeBaseName, synsetOfTar } from './names.js';
import { ReadAhead } from './read-ahead.js';
import { asRefusal, refuse, type Refusal } from './refusal.js';
import { walkTar, type TarMember } from './tar-walk.js';

/** Synset tars lie far apart: a read brings one header, not what is between two. */
const HEADER_WINDOW_BYTES = 4096;

/** Where the tar of a synset lies in the archive, or one of its pictures. */
export interface SynsetTar {
  readonly synset: string;
  /** `Images.tar/n01440764.tar`. */
  readonly file: string;
  /** Of its first byte, from the start of the plain archive. */
  readonly start: number;
  readonly end: number;
  /** Its name, where this is no tar but a picture. */
  readonly picture?: string;
}

/** What an archive holds, by the headers of its outer tar. */
export interface ArchivePlan {
  /** In archive order; a synset may have several. */
  readonly tars: readonly SynsetTar[];
  /** Of these, together. */
  readonly bytes: number;
  /** Synset tars, or pictures, that the list does not name. */
  readonly unlisted: number;
  readonly refusals: readonly Refusal[];
  /** Sha256 of what the outer headers say: another archive has another. */
  readonly fingerprint: string;
}

/** Which members of an archive are wanted. */
export interface Wanted {
  /** All there are, where this is left out. */
  readonly listed?: ReadonlySet<string> | undefined;
  /** For a flat archive: the synset of picture n at n - 1. */
  readonly truth?: readonly string[] | undefined;
}

/**
 * Walks the outer tar. Where it cannot be read on, what came before is the plan, and a refusal names the offset.
 *
 * @param file The archive as the user named it, for errors; `source` may be its inflated copy.
 * @throws {CodedError} ARCHIVE_INVALID, ARCHIVE_TRUNCATED naming file and offset, where no synset tar came before.
 */
export async function planArchive(source: SourceFile, file: string, wanted: Wanted): Promise<ArchivePlan> {
  const part = { start: 0, end: source.size };
  const ahead = new ReadAhead(source, part, HEADER_WINDOW_BYTES);
  const hash = createHash('sha256');
  const [tars, refusals]: [SynsetTar[], Refusal[]] = [[], []];
  let unlisted = 0;
  try {
    for await (const member of walkTar({ ...part, file, read: (at, length) => ahead.read(at, length) })) {
      hash.update(JSON.stringify(member));
      const meant = meaningOf(member, wanted.truth);
      if (!meant) continue;
      if (meant === 'untold') refusals.push(untold(`${file}/${member.name}`, member.offset));
      else if (wanted.listed && !wanted.listed.has(meant.synset)) unlisted++;
      else if (member.kind === 'file' && safeBaseName(member.name) !== undefined) {
        if (meant.picture && member.cut) continue;
        tars.push({ ...meant, file: `${file}/${basename(member.name)}`, ...placeOf(member, source.size) });
      } else refusals.push(asRefusal(refuse(`${file}/${member.name}`, member.offset, describe(member))));
    }
  } catch (error) {
    // What came before is sound; with nothing before it, this is all there is to say.
    if (tars.length === 0) throw error;
    refusals.push(asRefusal(error));
  }
  const bytes = tars.reduce((sum, { start, end }) => sum + end - start, 0);
  return { tars, bytes, unlisted, refusals, fingerprint: hash.digest('hex') };
}

/** @returns undefined for a member that is none of the archive's business; `untold` for a picture without a ground truth. */
function meaningOf(
  member: TarMember,
  truth: Wanted['truth'],
): Pick<SynsetTar, 'synset' | 'picture'> | 'untold' | undefined {
  const name = member.name.split(/[/\\]/u).at(-1) ?? '';
  if (!truth) {
    const synset = synsetOfTar(name);
    return synset === undefined ? undefined : { synset };
  }
  const number = /_(\d+)\.jpe?g$/iu.exec(name)?.[1];
  if (number === undefined) return undefined;
  const synset = truth[Number(number) - 1];
  return synset === undefined ? 'untold' : { synset, picture: name };
}

/** Why a member is not taken although its name fits. */
export function describe(member: TarMember): string {
  return member.kind === 'file' ? 'a name that leads elsewhere' : `a ${member.kind}`;
}

function untold(file: string, offset: number): Refusal {
  const details = { file, offset };
  return asRefusal(new CodedError('ARCHIVE_INVALID', 'The ground truth has no line for a picture', { details }));
}

function placeOf({ offset, size }: TarMember, end: number): { start: number; end: number } {
  return { start: offset, end: Math.min(offset + size, end) };
}
