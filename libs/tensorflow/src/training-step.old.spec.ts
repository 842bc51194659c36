import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = process.env['BLUEWATERS_OLD_TENSORFLOW'];

/** One process has one TensorFlow, and this one has another. */
const program = fileURLToPath(new URL('old-library.fixture.mjs', import.meta.url));

interface Found {
  readonly version: string;
  readonly loss: number;
  readonly lossAfter: number;
  readonly weights: number[];
  readonly refusal: { readonly code: string; readonly message: string };
}

/** Three examples of two features each, three classes, and the weights before the step. */
const X = [1, 2, -1, 0.5, 0, 1];
const LABELS = [0, 2, 1];
const W = [0.1, -0.2, 0.3, 0.4, 0.05, -0.1];
const RATE = 0.5;

/** The mean cross entropy of softmax(x · w), and its gradient: xᵀ · (p − y) / n. */
function step(weights: readonly number[]): { loss: number; after: number[] } {
  const rows = LABELS.map((label, row) => {
    const logits = [0, 1, 2].map((c) => X[2 * row]! * weights[c]! + X[2 * row + 1]! * weights[3 + c]!);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    return { label, probabilities: logits.map((logit) => Math.exp(logit) / sum) };
  });
  const loss =
    rows.reduce((total, { label, probabilities }) => total - Math.log(probabilities[label]!), 0) / rows.length;
  const after = weights.map((weight, i) => {
    const [feature, c] = [Math.floor(i / 3), i % 3];
    const slopes = rows.map(
      ({ label, probabilities }, row) => X[2 * row + feature]! * (probabilities[c]! - Number(label === c)),
    );
    return weight - (RATE * slopes.reduce((total, slope) => total + slope, 0)) / rows.length;
  });
  return { loss, after };
}

describe.skipIf(!folder)('TensorFlow 1.12 [BLUEWATERS_OLD_TENSORFLOW]', () => {
  it(
    'trains a step of a graph of its age, and what it lacks is said in one sentence',
    { timeout: 60_000 },
    async () => {
      const input = JSON.stringify({ x: X, labels: LABELS, weights: W, rate: RATE });
      const { stdout } = await promisify(execFile)(process.execPath, [program, input], {
        env: { ...process.env, LIBTENSORFLOW_DIR: folder },
      });
      const found = JSON.parse(stdout) as Found;
      const { loss, after } = step(W);
      expect(found.version).toBe('1.12.0');
      expect(found.loss).toBeCloseTo(loss, 6);
      found.weights.forEach((weight, i) => expect(weight).toBeCloseTo(after[i]!, 6));
      expect(found.lossAfter).toBeCloseTo(step(after).loss, 6);
      expect(found.lossAfter).toBeLessThan(found.loss);
      expect(found.refusal.code).toBe('TENSORFLOW_MISSING');
      expect(found.refusal.message).toMatch(/^TensorFlow 1\.12\.0 has no TF_TensorFromProto; TensorFlow 2\.9 has it$/);
    },
  );
});
