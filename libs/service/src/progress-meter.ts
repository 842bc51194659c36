import type { Progress } from '@bluewaters/messages';

const REPORT_EVERY_MS = 200;
const WINDOW_MS = 5_000;

/** Turns counts into reports of progress: the rate over the last seconds, and no more reports than people can read. */
export class ProgressMeter {
  readonly #report: (progress: Progress) => void;
  readonly #unit: string;
  readonly #now: () => number;
  /** Counts at moments of the last seconds, oldest first. */
  #marks: { readonly at: number; readonly done: number }[] = [];

  /**
   * @param report Called at most five times a second, and at each `last`.
   * @param unit Plural: `images`.
   * @param now Milliseconds that only grow.
   */
  constructor(report: (progress: Progress) => void, unit: string, now: () => number = () => performance.now()) {
    this.#report = report;
    this.#unit = unit;
    this.#now = now;
  }

  /** Tells that `done` of `total` are done; cheap enough to be called for each image. */
  update(phase: string, done: number, total?: number, notices: readonly string[] = []): void {
    const newest = this.#marks.at(-1);
    if (newest && this.#now() - newest.at < REPORT_EVERY_MS) return;
    this.last(phase, done, total, notices);
  }

  /** As {@link update}, and is reported whatever the time: the end of a phase. */
  last(phase: string, done: number, total?: number, notices: readonly string[] = []): void {
    const at = this.#now();
    this.#marks = [...this.#marks.filter((mark) => at - mark.at <= WINDOW_MS && mark.done <= done), { at, done }];
    const rate = this.#rate();
    this.#report({
      phase,
      done,
      unit: this.#unit,
      ...(total === undefined ? {} : { total: Math.max(total, done) }),
      ...(rate === undefined ? {} : { ratePerSecond: rate }),
      ...(notices.length === 0 ? {} : { notices: notices.slice(0, 20).map((notice) => notice.slice(0, 500)) }),
    });
  }

  #rate(): number | undefined {
    const [oldest, newest] = [this.#marks[0]!, this.#marks.at(-1)!];
    return newest.at > oldest.at ? ((newest.done - oldest.done) * 1000) / (newest.at - oldest.at) : undefined;
  }
}
