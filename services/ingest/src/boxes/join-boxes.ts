import { isSynset, normaliseBox, type IndexedBox, type IndexedExample } from '@bluewaters/records';
import { annotationName, type BoxTable } from './box-table.js';
import type { Remark } from './remark.js';

/** A picture's boxes as the index has them, and what is odd about them. */
export interface JoinedBoxes {
  /** Undefined where an annotation should be, and is not. */
  readonly boxes: readonly IndexedBox[] | undefined;
  readonly remarks: readonly Remark[];
}

/**
 * Finds the boxes of a picture by its image id, and gives them as shares of the picture. Where the annotation has a size the
 * numbers are of that, since pictures are often scaled after they were annotated.
 *
 * @param only The synset whose archive of annotations counts; by default the picture's own goes first.
 * @returns undefined where there is no annotation.
 */
export function joinBoxes(
  { name, width, height }: Pick<IndexedExample, 'name' | 'width' | 'height'>,
  { synset, table, only }: { readonly synset: string; readonly table: BoxTable; readonly only?: string | undefined },
): JoinedBoxes | undefined {
  const id = idOf(name);
  const found = table.take(id, { synset, ...(only !== undefined && { only }) });
  if (!found) return undefined;
  const annotation = annotationName(found.synset, id);
  const [boxes, remarks]: [IndexedBox[], Remark[]] = [[], []];
  const hasSize = found.width > 0 && found.height > 0;
  if (!hasSize && found.objects.length > 0) remarks.push({ annotation, remark: 'no-size' });
  const scale = hasSize ? found : { width, height };
  for (const object of found.objects) {
    const { box, fault } = normaliseBox(object.box, scale);
    if (fault) remarks.push({ annotation, object: object.number, remark: fault });
    if (!box) continue;
    if (object.name !== '' && !isSynset(object.name)) {
      remarks.push({ annotation, object: object.number, remark: 'no-synset' });
    }
    boxes.push({ ...box, ...(isSynset(object.name) && object.name !== synset && { synset: object.name }) });
  }
  return { boxes, remarks };
}

/** `n01440764_18.JPEG` → `n01440764_18`. */
export function idOf(name: string): string {
  return name.replace(/\.jpe?g$/iu, '');
}
