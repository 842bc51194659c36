import type { GradientRules, Operation, Output, Scope, Variable } from '@bluewaters/tensorflow';

/**
 * How ranks that each have a part of every batch come to one update: the only thing by which a graph of many ranks
 * differs from that of one.
 */
export interface GradientExchange {
  /** From 0. */
  readonly rank: number;
  readonly worldSize: number;
  /** What batch normalisation looks at. */
  readonly batchStatistics: BatchStatistics;
  /**
   * The mean of each over all ranks, float32. What is given first travels first; calls follow one another.
   */
  average(scope: Scope, values: readonly Output[]): readonly Output[];
  /** The mean of each over all ranks, float32, within the forward pass. */
  averageStatistics(scope: Scope, values: readonly Output[]): readonly Output[];
  /** For `gradients`, to go back through {@link averageStatistics}. */
  readonly gradientRules: GradientRules;
  /**
   * The device of this rank, where ranks make updates without waiting for one another: momentum is each one's own then.
   */
  readonly velocities?: string;
  /**
   * In the place of {@link average} for gradients, where they are collected for an update that one of all makes: a step
   * then has two halves, which are run apart.
   *
   * @param variables Each gradient is of one of them.
   */
  collect?(scope: Scope, variables: readonly Variable[], gradients: readonly Output[]): Collected;
}

/** Gradients on their way to an update. */
export interface Collected {
  /** Hands this rank's gradients over. */
  readonly contribute: Operation;
  /** The mean of each; computing them waits until enough have come. */
  readonly means: readonly Output[];
}

/** One rank alone: its own values are the means. */
export const ALONE: GradientExchange = {
  rank: 0,
  worldSize: 1,
  batchStatistics: 'own',
  average: (_scope, values) => values,
  averageStatistics: (_scope, values) => values,
  gradientRules: {},
};

/**
 * What batch normalisation takes mean and variance of while ranks train together. `own`: of the rank's part of the batch,
 * and the moving ones follow those of rank 0. `averaged`: the same, and the moving ones follow the mean over the ranks.
 * `synchronised`: of the whole batch, as one rank alone would.
 */
export type BatchStatistics = 'own' | 'averaged' | 'synchronised';
