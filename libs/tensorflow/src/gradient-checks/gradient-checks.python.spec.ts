import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { GRADIENT_CASES, buildCase, deriveCase, runCase, valuesOf } from './build.fixture.js';
import type { GradientCase } from './case.fixture.js';

const python = process.env['BLUEWATERS_PYTHON'];

/** Reads graphs, derives them by Python's own rules, and runs them. */
const PROGRAM = `
import sys, json, base64
import numpy as np
import tensorflow as tf
v1 = tf.compat.v1
def gradients(case):
    definition = v1.GraphDef.FromString(base64.b64decode(case['graph']))
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(definition, name='')
        xs = [graph.get_tensor_by_name('x%d:0' % i) for i in range(len(case['at']))]
        feeds = {x: np.reshape(at, x.shape).astype(x.dtype.as_numpy_dtype) for x, at in zip(xs, case['at'])}
        found = [tf.convert_to_tensor(g) for g in v1.gradients(graph.get_tensor_by_name('loss:0'), xs)]
        return [g.ravel().tolist() for g in session.run(found, feeds)]
print(json.dumps([gradients(case) for case in json.load(sys.stdin)]))
`;

const dtypeOf = ({ composed }: GradientCase) => (composed ? 'float32' : 'float64');

/** The forward graph of a case, as it leaves this package. */
function exported(one: GradientCase): { graph: string; at: number[][] } {
  using built = buildCase(one, one.f, dtypeOf(one));
  return { graph: Buffer.from(built.graph.toGraphDef()).toString('base64'), at: valuesOf(one) };
}

async function askPython(): Promise<Map<string, number[][]>> {
  const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '' };
  const running = promisify(execFile)(python!, ['-c', PROGRAM], { env: environment, maxBuffer: 64 << 20 });
  running.child.stdin!.end(JSON.stringify(GRADIENT_CASES.map(exported)));
  const found = JSON.parse((await running).stdout.trim().split('\n').at(-1)!) as number[][][];
  return new Map(GRADIENT_CASES.map(({ name }, i) => [name, found[i]!]));
}

describe.skipIf(!python)('gradients (needs BLUEWATERS_PYTHON)', () => {
  let theirs: Map<string, number[][]>;
  beforeAll(async () => {
    theirs = await askPython();
  }, 240_000);

  it.each(GRADIENT_CASES)("equal those of Python's TensorFlow for $name", async (one) => {
    using built = buildCase(one, one.f, dtypeOf(one));
    const ours = await runCase(built, deriveCase(built), valuesOf(one));
    const expected = theirs.get(one.name)!;
    expect(ours.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    const tolerance = built.loss.dtype === 'float64' ? 1e-14 : 1e-5;
    ours.flat().forEach((slope, i) => {
      expect(Math.abs(slope - expected.flat()[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(slope)));
    });
  });
});
