import type { RankFigures } from '@bluewaters/messages';
import type { CurvePoint } from './watched.js';

/** Points that are kept. */
const MOST_POINTS = 400;

/** A curve of bounded size over a run of any length: when it is full, every other point goes and fewer come. */
export class Curve {
  #points: CurvePoint[] = [];
  /** Steps between two points. */
  #every = 1;

  /** Oldest first. */
  get points(): readonly CurvePoint[] {
    return this.#points;
  }

  /** Adds what is known of a step. A run that went back to a checkpoint has its later points drawn anew. */
  add({ step, epoch, loss, imagesPerSecond, seconds }: RankFigures): void {
    this.#points = this.#points.filter((point) => point.step < step);
    const last = this.#points.at(-1)?.step;
    if (last !== undefined && step - last < this.#every) return;
    this.#points.push({ step, epoch, imagesPerSecond, seconds, ...(loss !== undefined && { loss }) });
    if (this.#points.length <= MOST_POINTS) return;
    this.#points = this.#points.filter((_, n) => n % 2 === 0);
    const [first, end] = [this.#points[0]?.step ?? 0, this.#points.at(-1)?.step ?? 0];
    this.#every = Math.max(1, Math.floor((end - first) / (this.#points.length - 1)));
  }
}
