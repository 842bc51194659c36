/** One training step with operations that TensorFlow 1.12 has; prints what came of it as JSON. */
import { argv, stdout } from 'node:process';
import { gradients, Graph, Session, Tensor, tensorflowVersion } from '@bluewaters/tensorflow';

const { x, labels, weights, rate } = JSON.parse(argv[2]);
const version = tensorflowVersion();
const graph = new Graph();
const scope = graph.scope();
const features = scope.placeholder('float32', [null, 2], { name: 'x' });
const classes = scope.placeholder('float32', [null, 3], { name: 'y' });
const w = scope.op('VariableV2', { name: 'w', attributes: { dtype: 'float32', shape: [2, 3] } }).output();
const initial = scope.constant(Float32Array.from(weights), { shape: [2, 3] });
const initialize = scope.op('Assign', { inputs: [w, initial] });
const logits = scope.op('MatMul', { inputs: [features, w] }).output();
const entropy = scope.op('SoftmaxCrossEntropyWithLogits', { inputs: [logits, classes] });
const loss = scope.op('Mean', { inputs: [entropy.output(0), scope.constant([0], { dtype: 'int32' })] }).output();
// Rules of our own cut the graph for a while, which no library before 2.4 can do; this derivative the operation gives.
const byLogits = scope.op('Mul', { inputs: [entropy.output(1), scope.constant(1 / labels.length)] }).output();
const [slope] = gradients(scope, [logits], [w], { gradYs: [byLogits] });
const update = scope.op('ApplyGradientDescent', { inputs: [w, scope.constant(rate), slope] });

const session = new Session(graph);
await session.run({ targets: [initialize] });
const oneHot = labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label)));
const fedX = Tensor.of('float32', [3, 2], x);
const fedY = Tensor.of('float32', [3, 3], oneHot);
const feeds = [
  [features, fedX],
  [classes, fedY],
];
const [before] = await session.run({ feeds, fetches: [loss], targets: [] });
await session.run({ feeds, targets: [update] });
const [after, trained] = await session.run({ feeds, fetches: [loss, w] });

let refusal;
try {
  Tensor.scalar('string', 'text');
} catch ({ code, message }) {
  refusal = { code, message };
}
stdout.write(
  JSON.stringify({
    version,
    loss: before.number(),
    lossAfter: after.number(),
    weights: [...trained.values()],
    refusal,
  }),
);
