import { createHash } from 'node:crypto';
import type { FolderFile } from '@bluewaters/storage';
import { isDesktopLitter, synsetOfTar } from './names.js';
import type { ArchivePlan, SynsetTar } from './plan.js';

const PICTURE = /\.(?:jpe?g|png|gif|webp)$/iu;

/** True for a file that may be a synset's tar, `n01440764.tar`, or a picture in a folder of a synset, `n01440764/x.JPEG`. */
export function isPartOfFolder(name: string): boolean {
  return meaningOf(name) !== undefined;
}

/**
 * What a folder holds: tars of synsets, or a folder of pictures for each, also deeper down.
 *
 * @param files In the order of their offsets.
 * @param file The folder as the user named it.
 * @param listed All synsets, where it is left out.
 */
export function planFolder(
  files: readonly FolderFile[],
  file: string,
  listed: ReadonlySet<string> | undefined,
): ArchivePlan {
  const hash = createHash('sha256');
  const tars: SynsetTar[] = [];
  let [start, unlisted] = [0, 0];
  for (const { name, size } of files) {
    hash.update(JSON.stringify([name, size]));
    const meant = meaningOf(name);
    if (meant && listed && !listed.has(meant.synset)) unlisted++;
    else if (meant) tars.push({ ...meant, file: `${file}/${name}`, start, end: start + size });
    start += size;
  }
  const bytes = tars.reduce((sum, tar) => sum + tar.end - tar.start, 0);
  return { tars, bytes, unlisted, refusals: [], fingerprint: hash.digest('hex') };
}

function meaningOf(name: string): Pick<SynsetTar, 'synset' | 'picture'> | undefined {
  const parts = name.split('/');
  const base = parts.at(-1) ?? '';
  if (isDesktopLitter(base)) return undefined;
  const ofTar = synsetOfTar(base);
  if (ofTar !== undefined) return { synset: ofTar };
  const synset = parts
    .slice(0, -1)
    .filter((part) => /^n\d{8}$/u.test(part))
    .at(-1);
  return synset !== undefined && PICTURE.test(base) ? { synset, picture: base } : undefined;
}
