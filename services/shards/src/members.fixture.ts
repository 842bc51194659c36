import { createHash } from 'node:crypto';
import type { IndexedExample } from '@bluewaters/records';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** An archive is any bytes with the members at known places: shards never look at anything else of it. */
export const members = Array.from({ length: 40 }, (_, i) => Buffer.alloc(100 + 37 * i, i + 1));
export const archive = Buffer.concat(members.flatMap((member) => [Buffer.alloc(512), member]));
export const repaired = Buffer.from('a repaired copy');
export const REPAIRED_IMAGE = 13;

export const ENDS = { xmin: 0.25, ymin: 0, xmax: 0.75, ymax: 0.5 };
export const BOXED_IMAGE = 8;

export function exampleOf(i: number): IndexedExample {
  const offset = members.slice(0, i).reduce((sum, { length }) => sum + 512 + length, 512);
  const member = members[i]!;
  const example = { offset, size: member.length, sha256: sha256(member), width: 10 + i, height: 20 } as const;
  const name = `${synsetOf(i)}_${i}.JPEG`;
  return {
    name,
    ...example,
    channels: 3,
    ...(i === REPAIRED_IMAGE ? { repaired: sha256(repaired) } : {}),
    ...boxesOf(i),
  };
}

/** Around an object of the picture's class, one of another class, and one of none. */
function boxesOf(i: number): Pick<IndexedExample, 'boxes'> {
  if (i !== BOXED_IMAGE) return {};
  return { boxes: [ENDS, { ...ENDS, synset: 'n00000003' }, { ...ENDS, synset: 'n99999999' }] };
}

export function synsetOf(i: number): string {
  return `n0000000${1 + (i % 4)}`;
}
