/** Evaluates one registered model, in a process of its own; opens the store itself. */
import type { EvaluateRequest, Progress } from '@bluewaters/messages';
import { serveChildTask } from '@bluewaters/service';
import { openStore } from '@bluewaters/storage';
import type { TrainingOptions } from '../options.js';
import { evaluateModel } from './evaluate-model.js';

/** What the process is told. */
export interface EvaluateTask extends TrainingOptions {
  readonly request: EvaluateRequest;
}

await serveChildTask(async ({ request, ...options }: EvaluateTask, report: (progress: Progress) => void) => {
  const store = await openStore(options.store);
  try {
    return await evaluateModel(request, { ...options, store, report });
  } finally {
    await store.close();
  }
});
