import type { HeldOutExample } from './held-out.js';
import { patiently } from './patiently.js';
import { PredictionClient } from './prediction-client.js';
import { firstWord, formatTable, percent } from './terminal.js';

/** How a served model did on pictures that it had not seen. */
export interface TrialResult {
  readonly tried: number;
  /** Share that was right, 0 to 1. */
  readonly accuracy: number;
  /** Truth, prediction and probability of the first few, for people. */
  readonly table: readonly string[];
}

const SHOWN = 10;
const PICTURES_A_REQUEST = 50;

/** Sends held-out pictures over HTTP: a few one by one as a browser would, all of them in batches. */
export async function tryPredictions(options: {
  readonly address: string;
  readonly model: string;
  readonly examples: readonly HeldOutExample[];
  readonly signal: AbortSignal;
}): Promise<TrialResult> {
  const { examples, signal } = options;
  const client = new PredictionClient(options.address, options.model);
  const rows: string[][] = [];
  for (const example of examples.slice(0, SHOWN)) {
    const [best] = await patiently(() => client.classify(example.encoded, 1), signal);
    if (best) rows.push([example.filename, firstWord(example.words), firstWord(best.words), percent(best.probability)]);
  }
  let right = 0;
  for (let start = 0; start < examples.length; start += PICTURES_A_REQUEST) {
    signal.throwIfAborted();
    const asked = examples.slice(start, start + PICTURES_A_REQUEST);
    const answers = await patiently(() => client.predict(asked.map(({ encoded }) => encoded)), signal);
    right += answers.filter(({ label }, index) => label === asked[index]?.label).length;
  }
  return {
    tried: examples.length,
    accuracy: right / examples.length,
    table: formatTable(['picture', 'truth', 'prediction', 'probability'], rows),
  };
}
