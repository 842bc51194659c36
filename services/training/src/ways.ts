/**
 * The ways to train one run in several processes, side by side. Network, step, records, checkpoints and evaluation are
 * the same in all of them.
 *
 *                    ranks, over MPI or gRPC               workers of parameter servers
 *     variables      a copy in each rank                   spread over the servers by size
 *     gradients      averaged over all ranks by an         sent to the servers, which apply them as they come, or
 *                    operation within the graph            the mean of the first that come, when there are enough
 *     momentum       of the means, alike in each rank      each worker's own; or of the means, on the servers
 *     a step         of all ranks at once, each with       of one worker, with a batch of its own; or of as many as
 *                    its part of the batch                 it takes, each with its part of the batch
 *     records        in the same order at any number       portions of the same order, taken by whoever is free; or
 *                                                          each worker its part of every batch
 *     a lost one     ends the generation                   is replaced; a server or the chief ends it
 */
import { ALONE, spreadBySize, TOGETHER, type GradientExchange, type Placement } from '@bluewaters/models';
import type { Scope, SessionOptions, Variable } from '@bluewaters/tensorflow';
import type { OpenedRun } from './run-context.js';
import { AccumulatedExchange, type Counting } from './servers/accumulated-exchange.js';
import { AsynchronousStepper } from './servers/asynchronous-stepper.js';
import { Ledger } from './servers/ledger.js';
import { partsOf, type Member } from './servers/member.js';
import { SynchronousStepper } from './servers/synchronous-stepper.js';
import { OrderedStepper, type Stepper, type StepperParts } from './stepper.js';

/** All in which the ways differ. */
export interface Way {
  readonly exchange: GradientExchange;
  /** Of the network's variables; accumulators go beside them. */
  readonly placement: Placement;
  /** The device of what is no variable; '' for the only one that there is. */
  readonly own: string;
  /** The device of what all share beside the network's variables, such as the count of steps. */
  readonly shared: string;
  /** What runs the graph, once it is built. */
  session(): SessionOptions;
  /** What workers tell one another by way of the servers. */
  ledger?(scope: Scope, globalStep: Variable): Ledger;
  stepper(parts: StepperParts): Stepper;
}

/** The way that a run is trained here. */
export function wayOf(run: OpenedRun): Way {
  return run.member ? byServers(run.member) : byAllReduce(run);
}

/** Alone, or as one of several ranks, whatever carries their gradients. */
function byAllReduce({ ranks: { size, graphs }, request, threads }: OpenedRun): Way {
  const exchange = size === 1 ? undefined : graphs.exchange(request);
  return {
    exchange: exchange ?? ALONE,
    placement: TOGETHER,
    own: graphs.device,
    shared: graphs.device,
    session: () => graphs.session(threads, exchange),
    stepper: (parts) => new OrderedStepper(parts),
  };
}

/** As one of several workers. */
function byServers(member: Member): Way {
  const { worker, workers, servers, server } = member;
  const serverAt = (index: number): string => `/job:ps/task:${index}/device:CPU:0`;
  const own = `/job:worker/task:${worker}`;
  const { counting, ...update } = updateBy(member, own);
  return {
    ...update,
    placement: spreadBySize(Array.from({ length: servers }, (_, index) => serverAt(index))),
    own,
    shared: serverAt(0),
    // Other workers may not have come yet, or be gone; their threads are those of their servers.
    session: () => ({ target: server.target, deviceFilters: ['/job:ps', own] }),
    ledger: (scope, globalStep) => new Ledger(scope, { globalStep, worker, workers, counting: counting?.() }),
  };
}

function updateBy(
  member: Member,
  own: string,
): Pick<Way, 'exchange' | 'stepper'> & { readonly counting?: () => Counting | undefined } {
  if (member.update === 'asynchronous') {
    const exchange = member.workers === 1 ? ALONE : { ...ALONE, velocities: own };
    return { exchange, stepper: (parts) => new AsynchronousStepper(parts, member) };
  }
  const exchange = new AccumulatedExchange({ worker: member.worker, needed: partsOf(member) });
  return {
    exchange,
    counting: () => exchange.counting,
    stepper: (parts) => new SynchronousStepper(parts, member, exchange),
  };
}
