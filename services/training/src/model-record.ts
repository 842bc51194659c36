import type { ModelRecord } from '@bluewaters/messages';
import { modelKeys, type ModelEntry } from '@bluewaters/records';

/** The registry entry as the bus tells it. */
export function modelRecord({ model, version, run, top1 }: ModelEntry): ModelRecord {
  return {
    model,
    version,
    prefix: modelKeys.prefix(model, version),
    ...(run === undefined ? {} : { run }),
    ...(top1 === undefined ? {} : { top1 }),
  };
}
