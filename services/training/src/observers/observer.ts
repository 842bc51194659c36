import type { ClassificationMetrics } from '@bluewaters/models';
import type { SeenFirst } from '../evaluate.js';
import type { InspectedStep } from '../inspection.js';
import type { StepTimes } from '../laps.js';
import type { LocalShards } from '../local-shards.js';
import type { Position } from '../position.js';

/** What a step looks like to a person who watches. */
export interface StepFigures {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Of a step, on average. */
  readonly seconds: StepTimes;
  /** Updates that others made between a worker's read of the variables and its write, on average. */
  readonly staleness: number | undefined;
  /** Gradients of this generation so far that came after their update, where there are backup workers. */
  readonly dropped: number | undefined;
}

/** Those figures that there are. */
export function known<Name extends string>(figures: Record<Name, number | undefined>): Partial<Record<Name, number>> {
  const found = Object.entries<number | undefined>(figures).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as Partial<Record<Name, number>>;
}

/** What an evaluation found, and how the run stands by it. */
export interface EvaluationFigures extends ClassificationMetrics {
  /** The highest top-1 so far, this one included. */
  readonly best: number;
  /** Epochs that were evaluated since. */
  readonly epochsSinceBest: number;
  /** Always of the same picture: the first of the validation split. */
  readonly first?: SeenFirst | undefined;
}

/**
 * Watches a run from within: it is told what happens, in this order within an epoch, and changes nothing of it. What it
 * need not know it leaves out.
 */
export interface RunObserver {
  /** Variables have their values, of the start or of a checkpoint; no step was made yet. */
  started?(shards: LocalShards): Promise<void>;
  /** @param epoch From 0; told again when a start goes on within it. */
  epochStarted?(epoch: number): void;
  /** Every few steps. */
  stepped?(figures: StepFigures): void;
  /** A step was looked into: the last of an epoch. */
  inspected?(step: number, inspected: InspectedStep): Promise<void>;
  epochEnded?(epoch: number): void;
  /** @param seconds That it took. */
  checkpointed?(step: number, seconds: number): void;
  evaluationStarted?(at: Position): void;
  evaluated?(at: Position, figures: EvaluationFigures): Promise<void>;
  /** The run has had all its epochs. */
  done?(at: Position): void;
  /** Resolves when what was told so far is kept. */
  flush?(): Promise<void>;
  close?(): Promise<void>;
}

/** Several observers as one. */
export class Observers {
  readonly #all: readonly RunObserver[];

  constructor(observers: readonly RunObserver[]) {
    this.#all = observers;
  }

  /** Tells each of them, one after the other, what it wants to know. */
  tell(say: (observer: RunObserver) => void): void {
    for (const observer of this.#all) say(observer);
  }

  /** The same, and waits for what they do with it. */
  async tellAll(say: (observer: RunObserver) => Promise<void> | undefined): Promise<void> {
    await Promise.all(this.#all.map(async (observer) => say(observer)));
  }
}
