/**
 * What the names of members mean. Nothing is ever written under such a name; it only says which class a picture has, and
 * becomes a feature of its record.
 */

/** A name without its folders; undefined when it tries to lead elsewhere, or can't be shown. */
export function safeBaseName(name: string): string | undefined {
  const parts = name.split(/[/\\]/u);
  const leadsElsewhere = name.startsWith('/') || parts.includes('..') || /^[A-Za-z]:/u.test(name);
  const last = parts.at(-1) ?? '';
  // eslint-disable-next-line no-control-regex -- control characters in names are what is looked for
  return leadsElsewhere || last === '' || /[\u0000-\u001f\u007f]/u.test(name) ? undefined : last;
}

/** The synset of `n01440764.tar`; undefined for any other name. */
export function synsetOfTar(baseName: string): string | undefined {
  return /^(n\d{8})\.tar$/u.exec(baseName)?.[1];
}

/** The synset that a member's name begins with, `n01440764_18.JPEG`; undefined for a free name. */
export function synsetOfMember(baseName: string): string | undefined {
  return /^(n\d{8})_/u.exec(baseName)?.[1];
}

/** Files that desktop systems leave in folders; no one meant them to be in an archive of pictures. */
export function isDesktopLitter(baseName: string): boolean {
  return baseName.startsWith('._') || ['.DS_Store', 'Thumbs.db', 'desktop.ini'].includes(baseName);
}
