import { Checkpointed, Evaluated, type Evaluation, type MessageBus, type Subscription } from '@bluewaters/messages';
import { Recent } from './recent.js';

/** Runs whose past is kept, and what is kept of each. */
const MOST_RUNS = 100;
const MOST_CHECKPOINTS = 20;
const MOST_EVALUATIONS = 500;

/** A checkpoint that was heard of. */
export interface SeenCheckpoint {
  readonly step: number;
  readonly epoch: number;
  readonly key: string;
  /** When it was heard of, in milliseconds since 1970. */
  readonly at: number;
}

/** An evaluation that was heard of. */
export interface SeenEvaluation {
  readonly step: number;
  readonly evaluation: Evaluation;
}

/** What was heard of a run since this process started. */
interface Past {
  /** In the order of their steps, as are the others; a step that comes again replaces what there was of it. */
  readonly checkpoints: readonly SeenCheckpoint[];
  readonly evaluations: readonly SeenEvaluation[];
}

/** The checkpoints and evaluations of runs, as events tell of them; the newest, and so many at most. */
export class History {
  readonly #pasts = new Recent<Past>(MOST_RUNS);
  readonly #subscriptions: Subscription[] = [];

  /** Listens from now on. */
  static async open(bus: MessageBus): Promise<History> {
    const history = new History();
    history.#subscriptions.push(
      await bus.subscribe(Checkpointed, ({ run, step, epoch, key }) => {
        const past = history.of(run);
        const seen = { step, epoch, key, at: Date.now() };
        history.#pasts.set(run, { ...past, checkpoints: withStep(past.checkpoints, seen, MOST_CHECKPOINTS) });
      }),
      await bus.subscribe(Evaluated, ({ run, step, evaluation }) => {
        const past = history.of(run);
        const evaluations = withStep(past.evaluations, { step, evaluation }, MOST_EVALUATIONS);
        history.#pasts.set(run, { ...past, evaluations });
      }),
    );
    return history;
  }

  /** What was heard of a run; nothing of one that is not known. */
  of(run: string): Past {
    return this.#pasts.get(run) ?? { checkpoints: [], evaluations: [] };
  }

  /** Listens no more. */
  async stop(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()));
  }
}

function withStep<Seen extends { readonly step: number }>(seen: readonly Seen[], one: Seen, most: number): Seen[] {
  const others = seen.filter(({ step }) => step !== one.step);
  return [...others, one].sort((a, b) => a.step - b.step).slice(-most);
}
