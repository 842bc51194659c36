import { join } from 'node:path';
import { writeWhole } from '../files.js';
import type { RunContext } from '../run-context.js';

/**
 * Writes `confusion.json` into `checkpoint_dir`: beside the checkpoints, not in a message, since it has as many numbers
 * as the square of the classes.
 *
 * @param confusion [classes][classes]: examples of class i that were taken for class j.
 */
export async function writeConfusion(
  run: RunContext,
  step: number,
  confusion: readonly (readonly number[])[],
): Promise<void> {
  const path = join(run.directory, 'confusion.json');
  const classes = run.manifest.classes.map(({ synset }) => synset);
  const rows = confusion.map((row) => JSON.stringify(row)).join(',\n    ');
  const head = JSON.stringify({ format: 'bluewaters.confusion.v1', step, classes }).slice(0, -1);
  await writeWhole(path, `${head},\n  "confusion": [\n    ${rows}\n  ]}\n`);
  await run.mirror.commit([path]);
}
