import type { Server } from '@bluewaters/tensorflow';
import type { Rendezvous } from './rendezvous.js';

/** One worker of a cluster whose servers hold the variables. */
export interface Seat {
  /** From 0; worker 0 is the chief, which alone writes. */
  readonly worker: number;
  readonly workers: number;
  readonly servers: number;
  /** The worker's own, which the others reach it by. */
  readonly server: Server;
  readonly rendezvous: Rendezvous;
}

/** How workers come to updates. */
export interface UpdateRule {
  /** Whether each applies its gradients as it has them, or all wait for one another. */
  readonly update: 'asynchronous' | 'synchronous';
  /** With `synchronous`: workers more than an update takes gradients from. */
  readonly backupWorkers: number;
}

/** A worker that trains. */
export interface Member extends Seat, UpdateRule {}

/** Parts of a batch: one for each worker that an update waits for; one where each makes updates of its own. */
export function partsOf({ update, workers, backupWorkers }: Pick<Member, 'workers' | keyof UpdateRule>): number {
  return update === 'synchronous' ? workers - backupWorkers : 1;
}
