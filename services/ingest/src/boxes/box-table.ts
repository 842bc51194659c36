import type { RawBox } from '@bluewaters/records';
import type { VocObject } from './parse-voc.js';

/** What is known of the boxes of one picture. */
export interface PictureBoxes {
  /** The synset whose archive of annotations it came in; undefined where that is not said. */
  readonly synset: string | undefined;
  /** What the numbers are counted in; 0 where that is not known. */
  readonly width: number;
  readonly height: number;
  /** Those with four numbers, each with its number in the annotation, from 1. */
  readonly objects: readonly { readonly name: string; readonly number: number; readonly box: RawBox }[];
}

/** Numbers of an entry before its objects: code of the synset, next entry of the same id, width, height, count. */
const HEAD = 5;
/** Numbers of an object: code of the name, its number, and the four ends. */
const OBJECT = 6;
const NONE = -1;

/**
 * Boxes by image id. ImageNet has half a million annotations: they are kept as numbers in one array, about 150 bytes a
 * picture with its id.
 */
export class BoxTable {
  readonly #first = new Map<string, number>();
  readonly #numbers: number[] = [];
  readonly #names: string[] = [];
  readonly #codes = new Map<string, number>();
  readonly #used = new Set<number>();
  #boxes = 0;

  /** Of the annotations that were added. */
  get boxes(): number {
    return this.#boxes;
  }

  /**
   * Adds an annotation.
   *
   * @param id The picture's name without its ending.
   * @returns false when there is one from the same synset, which stays.
   */
  add(id: string, annotation: Omit<PictureBoxes, 'objects'> & { readonly objects: readonly VocObject[] }): boolean {
    const { synset = '', width, height } = annotation;
    const code = this.#codeOf(synset);
    let last = NONE;
    for (let at = this.#first.get(id) ?? NONE; at !== NONE; at = this.#numbers[at + 1] ?? NONE) {
      if (this.#numbers[at] === code) return false;
      last = at;
    }
    const at = this.#numbers.length;
    if (last === NONE) this.#first.set(id, at);
    else this.#numbers[last + 1] = at;
    this.#numbers.push(code, NONE, width, height, 0);
    annotation.objects.forEach(({ name, box }, i) => {
      if (!box) return;
      this.#numbers.push(this.#codeOf(name), i + 1, box.xmin, box.ymin, box.xmax, box.ymax);
      this.#numbers[at + HEAD - 1]! += 1;
      this.#boxes++;
    });
    return true;
  }

  /**
   * The boxes of a picture, which thereby count as used. Without `only`, those from the archive of the picture's own synset
   * go before those that came in no archive, and these before others.
   *
   * @param only The synset whose archive is wanted.
   */
  take(id: string, { synset, only }: { readonly synset: string; readonly only?: string }): PictureBoxes | undefined {
    const places = this.#places(id);
    const from = (wanted: string): number | undefined => places.find((at) => this.#synsetAt(at) === wanted);
    const at = only === undefined ? (from(synset) ?? from('') ?? places[0]) : from(only);
    if (at === undefined) return undefined;
    this.#used.add(at);
    return this.#read(at);
  }

  /** `<synset>/<id>` of those that no picture has taken, in the order in which they were added. */
  *unused(): Generator<string> {
    for (const id of this.#first.keys()) {
      const places = this.#places(id);
      // The others of a picture that has boxes were not chosen; they are not without a picture.
      if (places.some((at) => this.#used.has(at))) continue;
      for (const at of places) yield annotationName(this.#synsetAt(at), id);
    }
  }

  #places(id: string): number[] {
    const places: number[] = [];
    for (let at = this.#first.get(id) ?? NONE; at !== NONE; at = this.#numbers[at + 1] ?? NONE) places.push(at);
    return places;
  }

  #synsetAt(at: number): string {
    return this.#names[this.#numbers[at]!]!;
  }

  #read(at: number): PictureBoxes {
    const [width = 0, height = 0, count = 0] = this.#numbers.slice(at + 2, at + HEAD);
    const objects = Array.from({ length: count }, (_, i) => {
      const start = at + HEAD + i * OBJECT;
      const [name = 0, number = 0, xmin = 0, ymin = 0, xmax = 0, ymax = 0] = this.#numbers.slice(start, start + OBJECT);
      return { name: this.#names[name] ?? '', number, box: { xmin, ymin, xmax, ymax } };
    });
    return { synset: this.#synsetAt(at) || undefined, width, height, objects };
  }

  #codeOf(name: string): number {
    const known = this.#codes.get(name);
    if (known !== undefined) return known;
    this.#codes.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }
}

/** How remarks name an annotation. */
export function annotationName(synset: string | undefined, id: string): string {
  return synset ? `${synset}/${id}` : id;
}
