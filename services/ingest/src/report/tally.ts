import type { IndexedExample } from '@bluewaters/records';
import { momentsOf, type Moments } from './moments.js';

/** A picture that was stored again. */
export interface Repair {
  readonly synset: string;
  readonly name: string;
  /** What the original is. */
  readonly reason: string;
}

/** Pictures between two sizes. */
export interface SizeBin {
  /** The shorter side, in pixels: from here, */
  readonly from: number;
  /** to below here. */
  readonly to: number;
  readonly images: number;
}

/** What all pictures of an index are like. */
export interface Tallies {
  readonly repairs: readonly Repair[];
  readonly grey: number;
  readonly colour: number;
  /** To be turned, as their EXIF says; they are taken as they are stored. */
  readonly turned: number;
  readonly sizes: readonly SizeBin[];
  /** In pixels. */
  readonly width: Moments | undefined;
  /** In pixels. */
  readonly height: Moments | undefined;
  /** Over the pictures that have an annotation. */
  readonly boxesPerImage: Moments | undefined;
}

/** Ends of the bins of sizes, in pixels: powers of two, and the usual sizes of networks' pictures between them. */
const BIN_ENDS = [1, 32, 64, 128, 224, 256, 300, 384, 512, 768, 1024, 2048, 4096, 65536];

/** Counts over all pictures of an index, which come one by one. */
export class Tally {
  readonly #repairs: Repair[] = [];
  readonly #widths = new Map<number, number>();
  readonly #heights = new Map<number, number>();
  readonly #boxes = new Map<number, number>();
  readonly #bins = new Array<number>(BIN_ENDS.length - 1).fill(0);
  #grey = 0;
  #turned = 0;
  #images = 0;

  /** Adds a picture. */
  add(synset: string, example: IndexedExample): void {
    const { name, width, height, channels, orientation, repairedFor, boxes } = example;
    this.#images++;
    if (channels === 1) this.#grey++;
    if (orientation !== undefined) this.#turned++;
    if (repairedFor !== undefined) this.#repairs.push({ synset, name, reason: repairedFor });
    count(this.#widths, width);
    count(this.#heights, height);
    if (boxes) count(this.#boxes, boxes.length);
    const short = Math.min(width, height);
    this.#bins[BIN_ENDS.findIndex((end, i) => i > 0 && short < end) - 1]! += 1;
  }

  /** Of all that were added. */
  result(): Tallies {
    const bins = this.#bins.map((images, i) => ({ from: BIN_ENDS[i]!, to: BIN_ENDS[i + 1]!, images }));
    return {
      repairs: this.#repairs,
      grey: this.#grey,
      colour: this.#images - this.#grey,
      turned: this.#turned,
      sizes: bins.filter(({ images }) => images > 0),
      width: momentsOf(this.#widths),
      height: momentsOf(this.#heights),
      boxesPerImage: momentsOf(this.#boxes),
    };
  }
}

function count(occurrences: Map<number, number>, value: number): void {
  occurrences.set(value, (occurrences.get(value) ?? 0) + 1);
}
