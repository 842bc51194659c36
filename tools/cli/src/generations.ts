/** Generations of ranks, one after the other, as the coordinator wants them; without one, until the run is done. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, toCodedError } from '@bluewaters/errors';
import {
  AskToLaunch,
  openBus,
  type BusOptions,
  type GenerationEnd,
  type LaunchAnswer,
  type MessageBus,
} from '@bluewaters/messages';
import type { VerbContext } from './verb.js';

/** A generation that is to be launched. */
export interface NextGeneration {
  readonly generation: number;
  readonly ranks: number;
}

/** How a generation of ranks ended. */
export type Outcome = Omit<GenerationEnd, 'generation'>;

/** What is to be launched, whatever the ranks are. */
export interface GenerationOptions {
  /** Of the first generation, and of the others if nobody orders another number. */
  readonly ranks: number;
  /** Generations that may be started after one that lost a rank. */
  readonly restarts: number;
  /** Who says which generation comes next. */
  readonly generations: Generations;
}

/**
 * Launches one generation of ranks after the other: when one was lost, and when the coordinator wants it, until the run
 * is done.
 *
 * @returns What the last one came to, and how many there were.
 * @throws {CodedError} INTERRUPTED when the ranks stopped after a checkpoint; PROCESS_DIED when they failed, having said
 * why, or when ranks were lost too often.
 */
export async function throughGenerations<Launched extends Outcome>(
  { ranks, restarts, generations }: GenerationOptions,
  context: VerbContext,
  launchOne: (next: NextGeneration) => Promise<Launched>,
): Promise<{ readonly last: Launched; readonly ranks: number; readonly generations: number }> {
  let ended: GenerationEnd | undefined;
  for (let [started, losses] = [1, 0]; ; started += 1) {
    const next = await generations.next(ranks, ended);
    if (!next) throw new CodedError('INTERRUPTED', ended?.reason ?? 'The run has ended');
    const last = await launchOne(next);
    const { outcome, reason } = last;
    ended = { generation: next.generation, outcome, ...(reason !== undefined && { reason: reason.slice(0, 1000) }) };
    if (outcome === 'lost') losses += 1;
    const goesOn = outcome === 'stopped' || (outcome === 'lost' && losses <= restarts);
    if (goesOn && !context.signal.aborted) {
      const coming = `generation ${next.generation + 1} goes on from the last checkpoint`;
      if (outcome === 'lost') context.terminal.say(`  ${reason}; ${coming}`);
      continue;
    }
    await generations.end(ranks, ended);
    if (outcome === 'done') return { last, ranks: next.ranks, generations: started };
    throw endOf(ended, context);
  }
}

function endOf({ outcome, reason = '', generation }: GenerationEnd, { signal }: VerbContext): CodedError {
  if (outcome === 'failed') return new CodedError('PROCESS_DIED', reason);
  if (outcome === 'stopped') return new CodedError('INTERRUPTED', reason);
  if (signal.aborted) return new CodedError('INTERRUPTED', 'The ranks were stopped before they had begun');
  return new CodedError('PROCESS_DIED', `${reason}; that was generation ${generation}, the last that was allowed`);
}

/** Between two questions while a run is paused, or while ranks of another launcher live. */
const ASK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 3_000;

/** The generations of a run, one after the other. */
export class Generations {
  readonly #run: string;
  readonly #bus: MessageBus | undefined;
  readonly #context: VerbContext;
  #last = 0;
  #alone = false;

  private constructor(run: string, bus: MessageBus | undefined, context: VerbContext) {
    this.#run = run;
    this.#bus = bus;
    this.#context = context;
  }

  /** Those of a run whose coordinator is on a bus; a bus that cannot be reached is no reason not to train. */
  static async open(run: string, bus: BusOptions, context: VerbContext): Promise<Generations> {
    if (bus.kind === 'in-process') return new Generations(run, undefined, context);
    try {
      return new Generations(run, await openBus(bus), context);
    } catch (error) {
      const coded = toCodedError(error);
      if (!coded.retryable) throw coded;
      context.terminal.say(`  ${coded.message}: nobody coordinates this run`);
      return new Generations(run, undefined, context);
    }
  }

  /** What tells a rank which generation it belongs to, in its environment. */
  variables({ generation }: NextGeneration): Readonly<Record<string, string>> {
    return this.#bus ? { BLUEWATERS_GENERATION: `${this.#run}:${generation}` } : {};
  }

  /**
   * What to launch, after a while where the run is paused.
   *
   * @param ended How the generation ended that was launched before.
   * @returns Undefined when nothing is to be launched any more.
   * @throws {CodedError} INTERRUPTED when this process was stopped meanwhile.
   */
  async next(ranks: number, ended?: GenerationEnd): Promise<NextGeneration | undefined> {
    let isWaiting = false;
    for (;;) {
      const answer = await this.#ask(ranks, ended, false);
      if (answer?.next === 'launch') return this.#begin(answer);
      if (answer?.next === 'end') return undefined;
      if (!answer) {
        // Without a coordinator whoever stopped the ranks wanted them to stop.
        return ended === undefined || ended.outcome === 'lost'
          ? this.#begin({ generation: this.#last + 1, ranks })
          : undefined;
      }
      if (!isWaiting)
        this.#context.terminal.say('  waiting for the coordinator: the run is paused, or has ranks that live');
      isWaiting = true;
      await sleep(ASK_EVERY_MS, undefined, { signal: this.#context.signal }).catch(() => undefined);
      if (this.#context.signal.aborted) await this.#leave(ranks, ended);
    }
  }

  /** Says how the last generation ended. */
  async end(ranks: number, ended: GenerationEnd): Promise<void> {
    await this.#ask(ranks, ended, true);
  }

  /** Leaves the bus. */
  async close(): Promise<void> {
    await this.#bus?.close();
  }

  async #leave(ranks: number, ended: GenerationEnd | undefined): Promise<never> {
    if (ended) await this.end(ranks, ended);
    throw new CodedError('INTERRUPTED', 'Stopped while no ranks were under way');
  }

  #begin({ generation, ranks }: NextGeneration): NextGeneration {
    this.#last = generation;
    return { generation, ranks };
  }

  async #ask(ranks: number, ended: GenerationEnd | undefined, ends: boolean): Promise<LaunchAnswer | undefined> {
    const launcher = { host: hostname(), pid: process.pid };
    const question = { run: this.#run, launcher, ranks, ends, ...(ended && { ended }) };
    try {
      return await this.#bus?.request(AskToLaunch, question, { timeoutMs: ANSWER_WITHIN_MS });
    } catch (error) {
      const coded = toCodedError(error);
      if (!coded.retryable) throw coded;
      if (!this.#alone) this.#context.terminal.say(`  ${coded.message}: going on without a coordinator`);
      this.#alone = true;
      return undefined;
    }
  }
}
