/**
 * usage: data-format.fixture.mjs logits|step NETWORK:SIDE…: prints, as JSON, what two data formats make of the same
 * variables and pictures. `logits` are those of two pictures, or why there are none; of a training `step` it is how far
 * its gradients, and what it leaves in the network's variables, are apart. A process of its own: oneDNN is on or off for
 * the whole of one.
 */
import { buildNetwork, networkByName, syntheticTraining, VariableStore } from '@bluewaters/models';
import { Graph, group, initializers, Session, variable } from '@bluewaters/tensorflow';

const ONE_THREAD = { intraOpThreads: 1, interOpThreads: 1 };

async function compareLogits(network, side) {
  const graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 1);
  const initializer = initializers.truncatedNormal({ stddev: 1, seed: 1 });
  const shape = [2, side, side, network.input.channels];
  const images = variable(root, 'images', { dtype: 'float32', shape, initializer, trainable: false });
  const build = (dataFormat) =>
    buildNetwork(network, { scope: root.child(dataFormat), variables, dataFormat }, images.value, 5);
  const logits = [build('NHWC'), build('NCHW')];
  const session = new Session(graph, ONE_THREAD);
  const starts = [images, ...variables.variables].map((one) => one.initializer);
  await session.run({ targets: [group(root, starts)] });
  const values = [];
  for (const output of logits) {
    const [fetched] = await session.run({ fetches: [output] }).catch((error) => [error]);
    values.push(fetched instanceof Error ? fetched.message : [...fetched.values('float32')]);
  }
  return { network: network.name, variables: variables.variables.length, nhwc: values[0], nchw: values[1] };
}

async function compareSteps(network, imageSize) {
  const [nhwc, nchw] = [await stepIn('NHWC', network, imageSize), await stepIn('NCHW', network, imageSize)];
  const apart = nhwc.map(([name, values], i) => {
    const differences = values.map((value, at) => Math.abs(value - nchw[i][1][at]));
    return { name, apart: largest(differences) / largest(values), largest: largest(values) };
  });
  return { network: network.name, apart };
}

/** The loss, the gradients, and then the variables after the step, by name. */
async function stepIn(dataFormat, network, imageSize) {
  const made = syntheticTraining(network, { batch: 8, outputs: 5, imageSize, dataFormat });
  const session = new Session(made.graph, ONE_THREAD);
  await session.run({ targets: [made.initialize] });
  const read = async (named) => {
    const fetched = await session.run({ fetches: named.map(([, output]) => output) });
    return named.map(([name], i) => [name, Float64Array.from(fetched[i].values('float32'))]);
  };
  const slopes = made.store.parameters.map((parameter, i) => [
    `gradient of ${parameter.variable.name}`,
    made.gradients[i],
  ]);
  const before = await read([['loss', made.loss], ...slopes]);
  await session.run({ targets: [made.step] });
  return [...before, ...(await read(made.store.variables.map(({ name, value }) => [name, value])))];
}

function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

const [what, ...cases] = process.argv.slice(2);
const compare = what === 'logits' ? compareLogits : compareSteps;
const found = [];
for (const asked of cases) {
  const [name, side] = asked.split(':');
  found.push(await compare(networkByName(name), Number(side)));
}
process.stdout.write(JSON.stringify(found), () => process.exit());
