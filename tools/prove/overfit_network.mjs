/**
 * For `npm run prove -- overfit`: a network learns 64 pictures of noise by heart.
 *
 * usage: overfit_network.mjs NETWORK SIDE OPTIMISER RATE STEPS
 *
 * It has when the loss of a step leaves no picture less than half of its probability on its own label, or, behind dropout,
 * when the network as it is served has all of them right; that is looked at every fourth step. Prints after how many steps.
 */
import { networkByName, syntheticTraining } from '@bluewaters/models';
import { argMax, cast, equal, mean, Session } from '@bluewaters/tensorflow';

const [name = '', side, optimiser, rate, most] = process.argv.slice(2);
const [PICTURES, OUTPUTS, LOOK_EVERY] = [64, 3, 4];

const network = networkByName(name);
const settings = { optimiser: /** @type {any} */ (optimiser), momentum: 0.9, weightDecay: 0 };
const options = { batch: PICTURES, outputs: OUTPUTS, imageSize: Number(side), learningRate: Number(rate), settings };
const made = syntheticTraining(network, options);
const scope = made.graph.scope().child('evaluate');
const logits = network.build({ scope, variables: made.store }, made.images, OUTPUTS);
const hits = equal(scope, cast(scope, argMax(scope, logits, 1), 'int32'), made.labels);
const accuracy = mean(scope, cast(scope, hits, 'float32'));
const session = new Session(made.graph);

/** @param {import('@bluewaters/tensorflow').RunRequest} request */
async function number(request) {
  const [value] = await session.run(request);
  const found = value?.number() ?? NaN;
  value?.[Symbol.dispose]();
  return found;
}

await session.run({ targets: [made.initialize] });
const startedAt = performance.now();
let [steps, learnt] = [0, false];
while (steps < Number(most) && !learnt) {
  const loss = await number({ fetches: [made.loss], targets: [made.step] });
  steps += 1;
  learnt = loss < Math.log(2) / PICTURES;
  if (!learnt && steps % LOOK_EVERY === 0) learnt = (await number({ fetches: [accuracy] })) === 1;
}
console.log(JSON.stringify({ learnt, steps, seconds: (performance.now() - startedAt) / 1000 }));
process.exit();
