import type { RunContext } from '../run-context.js';
import { MlperfObserver } from './mlperf.js';
import { Observers } from './observer.js';
import { PresenceObserver } from './presence.js';
import { Summaries } from './summaries.js';

/** Those who watch a run: TensorBoard's event files, whoever keeps account of it, MLPerf's log if asked for. */
export function observersOf(run: RunContext, graph: Uint8Array): Observers {
  return new Observers([
    new Summaries(run, graph),
    ...(run.show ? [new PresenceObserver(run)] : []),
    ...(run.request.mlperfLog ? [new MlperfObserver(run)] : []),
  ]);
}
