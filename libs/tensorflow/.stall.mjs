import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@bluewaters/tensorflow';
// 160 variables of 100 MB together, a step that changes all of them
const graph = new tf.Graph(); const scope = graph.scope();
const each = Math.round(100e6 / 4 / 160);
const vs = Array.from({ length: 160 }, (_, i) => tf.variable(scope, `v${i}`, { dtype: 'float32', shape: [each], initializer: tf.initializers.zeros() }));
const one = scope.constant(1, { shape: [each] });
const stepOps = vs.map(({ handle }) => scope.op('AssignAddVariableOp', { inputs: [handle, one], attributes: { dtype: 'float32' } }));
const saver = tf.saver(scope, vs);
const session = new tf.Session(graph);
await session.run({ targets: vs.map(v => v.initializer) });
const step = async () => { const t = performance.now(); await session.run({ targets: stepOps }); return performance.now() - t; };
const median = (a) => a.toSorted((x, y) => x - y)[a.length >> 1];
const folder = mkdtempSync(join(process.argv[2], 'stall-'));
const keeper = await tf.CheckpointKeeper.open({ saver, directory: folder, keep: 2 });
for (let i = 0; i < 20; i++) await step();
const plain = []; for (let i = 0; i < 50; i++) plain.push(await step());
const out = { plainStepMs: median(plain), sync: [], asyncCall: [], firstStepAfter: [], stepsWhileWriting: [], writeMs: [] };
for (let n = 0; n < 7; n++) {
  let t = performance.now(); await keeper.save(session, 2 * n); out.sync.push(performance.now() - t);
  for (let i = 0; i < 5; i++) await step();
  t = performance.now(); await keeper.saveInBackground(session, 2 * n + 1); out.asyncCall.push(performance.now() - t);
  let done = false; const w = keeper.settled().then(() => { done = true; out.writeMs.push(performance.now() - t); });
  out.firstStepAfter.push(await step());
  while (!done) out.stepsWhileWriting.push(await step());
  await w;
  for (let i = 0; i < 5; i++) await step();
}
for (const k of Object.keys(out)) if (Array.isArray(out[k])) out[k] = { median: +median(out[k]).toFixed(1), max: +Math.max(...out[k]).toFixed(1), n: out[k].length };
console.log(JSON.stringify(out));
session[Symbol.dispose](); graph[Symbol.dispose]();
rmSync(folder, { recursive: true });
