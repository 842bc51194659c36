import { CodedError } from '@bluewaters/errors';
import type {
  AdmissionQuestion,
  BeatAnswer,
  CoordinatedPhase,
  CoordinatedRun,
  GenerationEnd,
  LaunchAnswer,
  LaunchQuestion,
  RankBeat,
  RankFigures,
  SteerRequest,
  Submission,
} from '@bluewaters/messages';
import { Attendance, type AttendanceTimes } from './attendance.js';
import { Curve } from './curve.js';
import { generationOver, refused } from './refusals.js';
import { standingOf, type Standing } from './run-standing.js';

/** Times after which a coordinator says something, in milliseconds. */
export interface CoordinatorTimes extends AttendanceTimes {
  /** Without a word of any rank, after which a generation counts as lost. */
  readonly lostAfter: number;
}

const UNDER_WAY: readonly CoordinatedPhase[] = ['launching', 'running', 'ending'];
const ENDED: readonly CoordinatedPhase[] = ['stopped', 'done', 'failed', 'lost'];

/** How generations end, but for those that stop, and what a run is then. */
const PHASE_AFTER = { done: 'done', failed: 'failed', lost: 'lost' } as const;

/**
 * The life of one run over its generations, as its coordinator keeps account of it: nothing here waits or is sent.
 *
 *     submitted ──▶ admitted ──┐ ask
 *        ▲  nobody launches it ▼
 *     ask ──▶ launching ──all ranks have come──▶ running ──▶ done, failed
 *               ▲  ▲                               │ stop, pause, scale
 *               │  └──── scaled ──── ending ◀──────┘
 *               │                      │  └──▶ stopped
 *               ├──── resumed ──── paused
 *               └──── launched again ──── lost ◀── a rank was lost
 */
export class RunAccount {
  readonly run: string;
  readonly #times: CoordinatorTimes;
  readonly #changed: (record: CoordinatedRun) => void;
  readonly #curve = new Curve();
  #standing: Standing;
  #attendance: Attendance;

  /**
   * @param known How the run stood when another coordinator, or this one before, last kept account of it.
   * @param changed Told when the run has gone over to another phase.
   */
  constructor(
    run: string,
    {
      known,
      now,
      times,
      changed,
    }: {
      readonly known?: CoordinatedRun | undefined;
      readonly now: number;
      readonly times: CoordinatorTimes;
      readonly changed: (record: CoordinatedRun) => void;
    },
  ) {
    this.run = run;
    this.#times = times;
    this.#changed = changed;
    this.#standing = known ? standingOf(known) : { phase: 'stopped', since: now, generation: 0 };
    this.#attendance = new Attendance(known?.ranks ?? 1, now, times);
  }

  /** Whether a generation has begun and was not seen to end. */
  get isUnderWay(): boolean {
    return UNDER_WAY.includes(this.#standing.phase);
  }

  /** Whether nothing is to become of the run any more, unless somebody asks. */
  get hasEnded(): boolean {
    return ENDED.includes(this.#standing.phase);
  }

  /** Milliseconds since 1970 at which the run went over to its phase. */
  get since(): number {
    return this.#standing.since;
  }

  /** How the steps of the rank that leads went, over all generations. */
  get curve(): Curve {
    return this.#curve;
  }

  /** Who is there of the generation. */
  get attendance(): Attendance {
    return this.#attendance;
  }

  /** Says whoever launches ranks what to do next. */
  ask(question: LaunchQuestion, now: number): LaunchAnswer {
    const isEnd = this.isUnderWay && question.ended?.generation === this.#standing.generation;
    if (question.ended && isEnd) this.#end(question.ended, now);
    const { phase, order, scaleTo } = this.#standing;
    if (question.ends) return this.#leave();
    const isNew = question.ended === undefined;
    // Its ranks may live on without who launched them; two generations at once would disturb each other.
    if (this.isUnderWay && this.#attendance.quietFor(now) < this.#times.silentAfter) return { next: 'wait' };
    if (phase === 'paused' && order !== 'go on') return { next: 'wait' };
    if (!isNew && ['stopped', 'done', 'failed', 'submitted'].includes(phase)) return this.#leave();
    const { launcher } = question;
    const [generation, ranks] = [this.#standing.generation + 1, scaleTo ?? question.ranks];
    this.#standing = { phase, generation, launcher, ...this.#lasting() };
    this.#attendance = new Attendance(ranks, now, this.#times);
    this.#enter('launching', now);
    return { next: 'launch', generation, ranks };
  }

  /**
   * Notes that a rank lives. One of a generation that this coordinator has not heard of is believed: launchers go on by
   * themselves when they cannot reach it.
   *
   * @throws {CodedError} GENERATION_OVER.
   */
  beat(beat: RankBeat, now: number): BeatAnswer {
    const { generation } = this.#standing;
    if (beat.generation > generation) this.#adopt(beat, now);
    else if (beat.generation < generation || !this.isUnderWay || beat.rank >= this.#attendance.ranks) {
      throw generationOver(beat, this.record(now));
    }
    this.#attendance.beat(beat, now);
    const leads = beat.rank === this.#attendance.leader;
    if (leads && beat.figures) this.#heed(beat.figures);
    if (this.#standing.phase === 'launching' && this.#attendance.arrived === this.#attendance.ranks) {
      this.#enter('running', now);
    }
    const { phase, evaluate } = this.#standing;
    return { order: phase === 'ending' ? 'stop' : 'go on', ...(leads && evaluate && { evaluate }) };
  }

  /** Lets the run wait for somebody who launches it. @throws {CodedError} ORDER_REFUSED. */
  submit(submission: Submission, now: number): CoordinatedRun {
    if (!this.hasEnded) throw refused({ order: 'submit' }, this.record(now));
    this.#submit(submission, now);
    return this.record(now);
  }

  /** Gives the run to somebody who launches it, if it waits for that and needs no more ranks than they have room for. */
  admit({ ranks, launcher }: AdmissionQuestion, now: number): Submission | undefined {
    const { phase, submission } = this.#standing;
    if (phase !== 'submitted' || !submission || submission.ranks > ranks) return undefined;
    this.#standing = { ...this.#standing, launcher };
    this.#enter('admitted', now);
    return submission;
  }

  /** Notes that whoever the run was given to could not launch it. */
  notLaunched(reason: string, now: number): void {
    if (this.#standing.phase === 'admitted') this.#enter('failed', now, reason);
  }

  /** Follows a person's order. @throws {CodedError} ORDER_REFUSED. */
  steer(request: SteerRequest, now: number): CoordinatedRun {
    const { phase } = this.#standing;
    const isPaused = phase === 'paused';
    if (request.order === 'resume') {
      if (!isPaused && this.#standing.order !== 'pause') throw refused(request, this.record(now));
      this.#standing = { ...this.#standing, order: 'go on' };
    } else if (request.order === 'scale') {
      this.#scale(request, now);
    } else if (request.order === 'evaluate') {
      if (!this.isUnderWay || phase === 'ending') throw refused(request, this.record(now));
      this.#standing = { ...this.#standing, evaluate: now };
    } else {
      const isIdle = isPaused || phase === 'submitted';
      if (!this.isUnderWay && !(isIdle && request.order === 'stop')) throw refused(request, this.record(now));
      this.#standing = { ...this.#standing, order: request.order };
      this.#enter(isIdle ? 'stopped' : 'ending', now);
    }
    return this.record(now);
  }

  /**
   * Finds out what only time shows: a generation of which nobody was heard of for long is lost. Who has launched a run
   * that was submitted is lost as well then, or they would have said so: another is to go on with it.
   */
  look(now: number): void {
    const { phase, since, submission } = this.#standing;
    const quietFor = phase === 'admitted' ? now - since : this.isUnderWay ? this.#attendance.quietFor(now) : 0;
    if (quietFor < this.#times.lostAfter) return;
    const silence = `heard of for ${Math.round(this.#times.lostAfter / 1000)} s`;
    if (phase !== 'admitted') this.#enter('lost', now, `none of its ranks was ${silence}`);
    if (submission) this.#submit(submission, now, `who was to launch it was not ${silence}`);
  }

  /** The run as it is told to all. */
  record(now: number): CoordinatedRun {
    const { ranks, arrived, hosts, figures } = this.#attendance;
    const isUnderWay = this.isUnderWay;
    const slowest = isUnderWay ? this.#attendance.slowest() : undefined;
    const roles = this.#attendance.roles();
    return {
      run: this.run,
      ...this.#standing,
      ...{ ranks, arrived, hosts },
      ...(roles.length > 0 && { roles }),
      missing: isUnderWay ? this.#attendance.missing(now) : [],
      silent: isUnderWay ? this.#attendance.silent(now) : [],
      ...(slowest && { slowest }),
      ...(figures && { figures }),
    };
  }

  #scale({ ranks, ...order }: SteerRequest & { readonly order: 'scale' }, now: number): void {
    const { figures: { batch } = {}, servers } = this.#attendance;
    const isPaused = this.#standing.phase === 'paused';
    if (!isPaused && (!this.isUnderWay || ranks === this.#attendance.ranks)) throw refused(order, this.record(now));
    const sharing = ranks - servers;
    if (batch !== undefined && (sharing < 1 || batch % sharing !== 0)) {
      const beside = servers === 0 ? '' : `, beside ${servers} for servers`;
      throw new CodedError('ORDER_REFUSED', `A batch of ${batch} cannot be shared by ${ranks} ranks`, {
        details: { field: 'ranks', expected: `a divisor of ${batch}${beside}`, got: String(ranks) },
      });
    }
    this.#standing = { ...this.#standing, scaleTo: ranks, ...(!isPaused && { order: 'go on' }) };
    if (!isPaused) this.#enter('ending', now);
  }

  #submit(submission: Submission, now: number, reason?: string): void {
    const { phase, since, generation } = this.#standing;
    this.#standing = { phase, since, generation, submission };
    this.#attendance = new Attendance(submission.ranks, now, this.#times);
    this.#enter('submitted', now, reason);
  }

  /** Lets a launcher go. What it could not bring to an end, having tried often enough, no other is given. */
  #leave(): LaunchAnswer {
    const { phase, submission: _, ...rest } = this.#standing;
    if (this.hasEnded) this.#standing = { phase, ...rest };
    return { next: 'end', phase };
  }

  #end({ outcome, reason }: GenerationEnd, now: number): void {
    if (outcome !== 'stopped') return this.#enter(PHASE_AFTER[outcome], now, reason);
    const { order, submission } = this.#standing;
    // Nobody ordered it: who launched it had to go, and another goes on with it.
    if (order === undefined && submission) return this.#submit(submission, now, reason);
    // Ranks that were to go on are launched again by the same answer.
    if (order !== 'go on') this.#enter(order === 'pause' ? 'paused' : 'stopped', now, reason);
    else this.#standing = { ...this.#standing, phase: 'paused' };
  }

  /** What one generation leaves to the next. */
  #lasting(): Pick<Standing, 'since' | 'submission' | 'evaluate'> {
    const { since, submission, evaluate } = this.#standing;
    return { since, ...(submission && { submission }), ...(evaluate !== undefined && { evaluate }) };
  }

  /** What the rank that leads shows. */
  #heed(figures: RankFigures): void {
    this.#curve.add(figures);
    const { evaluate, ...standing } = this.#standing;
    const { ordered = 0 } = figures.evaluated ?? {};
    if (evaluate !== undefined && ordered >= evaluate) this.#standing = standing;
  }

  #adopt({ generation, ranks }: RankBeat, now: number): void {
    this.#standing = { phase: this.#standing.phase, generation, ...this.#lasting() };
    this.#attendance = new Attendance(ranks, now, this.#times);
    this.#enter('launching', now);
  }

  #enter(phase: CoordinatedPhase, now: number, reason?: string): void {
    const { reason: _, evaluate, ...standing } = this.#standing;
    // Whoever goes on with a run that was lost or paused follows the order.
    const lasts = evaluate !== undefined && !['stopped', 'done', 'failed'].includes(phase);
    this.#standing = {
      ...standing,
      ...{ phase, since: now },
      ...(reason !== undefined && { reason }),
      ...(lasts && { evaluate }),
    };
    this.#changed(this.record(now));
  }
}
