/**
 * Takes the steps of a fuzz, one after the other, and writes what it is about to do before it does: whoever reads
 * along knows what a death was about. `node child.mjs SEED FROM UNTIL_STEP UNTIL_MS`.
 */
import { writeSync } from 'node:fs';
import { takeStep } from './step.mjs';

const [seed = 1, from = 0, untilStep = 1, untilMs = Infinity] = process.argv.slice(2).map(Number);

/** Written at once, and so also when the next call ends the process. @param {unknown} line */
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

const start = performance.now();
for (let step = from; step < untilStep && performance.now() - start < untilMs; step++) {
  tell({ begun: step });
  tell({ step, ...(await takeStep(seed, step, (doing) => tell({ doing }))) });
}
tell({ finished: true });
process.exit(0);
