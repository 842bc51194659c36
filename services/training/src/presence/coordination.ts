import { hostname } from 'node:os';
import type { CodedError } from '@bluewaters/errors';
import {
  AskToLaunch,
  type BusOptions,
  type GenerationEnd,
  type MessageBus,
  type OrderedEvaluation,
  type Subscription,
} from '@bluewaters/messages';
import { forward } from './forward.js';
import { OutsideBus } from './outside-bus.js';
import { Presence, type Seat } from './presence.js';

/** What a rank knows of its coordinator at its start. */
export interface CoordinationOptions {
  /** Where the coordinator is. */
  readonly bus: BusOptions;
  /** Told by whoever launched the ranks; a rank that was started otherwise finds out. */
  readonly generation?: Pick<Seat, 'run' | 'generation'> | undefined;
  /** Told when there is no getting to the coordinator by what was given: training goes on without. */
  readonly refused: (error: CodedError) => void;
}

/** Evaluations that somebody wants of a run, beside those after its epochs. */
export interface EvaluationOrders {
  /** The order that is to be followed; undefined where there is none. */
  readonly next: () => number | undefined;
  /** To be told what came of it. */
  readonly made: (found: OrderedEvaluation) => void;
}

/** The side of one rank that a coordinator sees. */
export class Coordination {
  readonly #bus: OutsideBus;
  readonly #options: CoordinationOptions;
  readonly #stopping = new AbortController();
  #presence: Presence | undefined;
  #forwarding: Subscription | undefined;
  /** The generation that this rank has asked for itself, and so must tell the end of. */
  #own: Omit<Seat, 'rank'> | undefined;

  constructor(options: CoordinationOptions) {
    this.#options = options;
    this.#bus = new OutsideBus(options.bus, options.refused);
  }

  /** Aborted when the ranks are to stop. */
  get stop(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Shows a rank whose launcher has told it which generation it belongs to; the others' is found out later. */
  announce({ ranks, ...seat }: Pick<Seat, 'rank' | 'role'> & { readonly ranks: number | undefined }): void {
    const { generation } = this.#options;
    if (generation && ranks !== undefined) this.#appear({ ...generation, ...seat, ranks });
  }

  /** Of the rank that leads, where no launcher has said it: the generation that begins; undefined when nobody coordinates. */
  async begin(run: string, ranks: number): Promise<number | undefined> {
    if (this.#options.generation) return this.#options.generation.generation;
    const question = { run, launcher: { host: hostname(), pid: process.pid }, ranks, ends: false };
    const answer = await this.#bus.say((bus) => bus.request(AskToLaunch, question)).catch(() => undefined);
    if (answer?.next !== 'launch') return undefined;
    this.#own = { run, generation: answer.generation, ranks };
    return answer.generation;
  }

  /** Shows a rank that others have told which generation it belongs to, and what it is there. */
  join(seat: Seat): void {
    if (this.#presence) this.#presence.is(seat.role);
    else this.#appear(seat);
  }

  /** What the rank's steps are like; see {@link Presence.show}. */
  get show(): Presence['show'] {
    return (figures) => this.#presence?.show(figures);
  }

  /** Orders to evaluate the run; see {@link Presence.ordered}. */
  get evaluations(): EvaluationOrders {
    return {
      next: () => this.#presence?.ordered,
      made: (found) => this.#presence?.evaluated(found),
    };
  }

  /** Lets everyone on the coordinator's bus know what the rank that leads tells on its own. */
  async forward(inside: MessageBus): Promise<void> {
    this.#forwarding = await forward(inside, this.#bus);
  }

  /**
   * Parts from the coordinator.
   *
   * @param outcome How the generation ended, which it is told where no launcher does.
   */
  async end(outcome: GenerationEnd['outcome'] = 'done', reason?: string): Promise<void> {
    await this.#forwarding?.stop();
    await this.#presence?.end();
    await this.#tellEnd({ outcome, ...(reason !== undefined && { reason: reason.slice(0, 1000) }) });
    await this.#bus.close();
  }

  async #tellEnd(ended: Omit<GenerationEnd, 'generation'>): Promise<void> {
    const own = this.#own;
    if (!own) return;
    const { run, ranks, generation } = own;
    const launcher = { host: hostname(), pid: process.pid };
    const question = { run, launcher, ranks, ended: { generation, ...ended }, ends: true };
    // What it is answered changes nothing any more.
    await this.#bus.say((bus) => bus.request(AskToLaunch, question)).catch(() => undefined);
  }

  #appear(seat: Seat): void {
    const presence = new Presence(this.#bus, seat);
    presence.stop.addEventListener('abort', () => this.#stopping.abort(presence.stop.reason), { once: true });
    this.#presence = presence;
  }
}
