import type { RunContext } from '../run-context.js';
import { MlperfObserver } from './mlperf.js';
import { Observers } from './observer.js';
import { Summaries } from './summaries.js';

/** Those who watch a run: TensorBoard's event files, and MLPerf's log where it is asked for. */
export function observersOf(run: RunContext, graph: Uint8Array): Observers {
  return new Observers([new Summaries(run, graph), ...(run.request.mlperfLog ? [new MlperfObserver(run)] : [])]);
}
