/** Exports one checkpoint, in a process of its own; opens the store itself. */
import type { ExportRequest, Progress } from '@bluewaters/messages';
import { serveChildTask } from '@bluewaters/service';
import { openStore } from '@bluewaters/storage';
import type { TrainingOptions } from '../options.js';
import { exportCheckpoint } from './export-checkpoint.js';

/** What the process is told. */
export interface ExportTask extends TrainingOptions {
  readonly request: ExportRequest;
  /** Who asks. */
  readonly person?: string | undefined;
}

await serveChildTask(async ({ request, ...options }: ExportTask, report: (progress: Progress) => void) => {
  const store = await openStore(options.store);
  try {
    return await exportCheckpoint(request, { ...options, store, report });
  } finally {
    await store.close();
  }
});
