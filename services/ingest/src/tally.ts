import type { Progress } from '@bluewaters/messages';
import { ProgressMeter } from '@bluewaters/service';

/** How far work has come. */
export interface Done {
  readonly images: number;
  /** Of the archive. */
  readonly bytes: number;
}

/** Counts over all synsets. How many images there are is not known before the end: bytes so far give an estimate. */
export class Tally {
  readonly #meter: ProgressMeter;
  readonly #bytesInAll: number;
  readonly #notices: readonly string[];
  #images = 0;
  #bytes = 0;

  /**
   * @param bytesInAll That there are to be read.
   * @param notices What the user should know.
   */
  constructor(report: (progress: Progress) => void, bytesInAll: number, notices: readonly string[] = []) {
    this.#meter = new ProgressMeter(report, 'images');
    this.#bytesInAll = bytesInAll;
    this.#notices = notices;
  }

  /** @param what Is being indexed. */
  add(what: string, { images, bytes }: Done): void {
    this.#images += images;
    this.#bytes += bytes;
    const share = this.#bytes / this.#bytesInAll;
    const total = share > 0 ? Math.round(this.#images / share) : undefined;
    this.#meter.update(`indexing ${what}`, this.#images, total, this.#notices);
  }

  /** Tells that all is done. */
  end(): void {
    this.#meter.last('indexed', this.#images, this.#images, this.#notices);
  }
}

/** What one unit adds to a tally: told as counts from its start, which begin anew when another worker begins anew. */
export class Share {
  readonly #tally: Tally;
  #told: Done = { images: 0, bytes: 0 };

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** @param what Is being indexed. */
  reach(what: string, done: Done): void {
    const { images, bytes } = this.#told;
    this.#told = { images: Math.max(images, done.images), bytes: Math.max(bytes, done.bytes) };
    this.#tally.add(what, { images: this.#told.images - images, bytes: this.#told.bytes - bytes });
  }
}
