/**
 * usage: data-format.fixture.mjs NETWORK:SIDE…: prints, as JSON, the logits of two pictures in both data formats from the
 * same variables, or why there are none. A process of its own: oneDNN is on or off for the whole of one.
 */
import { buildNetwork, networkByName, VariableStore } from '@bluewaters/models';
import { Graph, group, initializers, Session, variable } from '@bluewaters/tensorflow';

async function compare(name, side) {
  const network = networkByName(name);
  const graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 1);
  const initializer = initializers.truncatedNormal({ stddev: 1, seed: 1 });
  const shape = [2, side, side, network.input.channels];
  const images = variable(root, 'images', { dtype: 'float32', shape, initializer, trainable: false });
  const build = (dataFormat) =>
    buildNetwork(network, { scope: root.child(dataFormat), variables, dataFormat }, images.value, 5);
  const logits = [build('NHWC'), build('NCHW')];
  const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1 });
  const starts = [images, ...variables.variables].map((one) => one.initializer);
  await session.run({ targets: [group(root, starts)] });
  const values = [];
  for (const output of logits) {
    const [fetched] = await session.run({ fetches: [output] }).catch((error) => [error]);
    values.push(fetched instanceof Error ? fetched.message : [...fetched.values('float32')]);
  }
  return { network: name, variables: variables.variables.length, nhwc: values[0], nchw: values[1] };
}

const found = [];
for (const asked of process.argv.slice(2)) {
  const [name, side] = asked.split(':');
  found.push(await compare(name, Number(side)));
}
process.stdout.write(JSON.stringify(found), () => process.exit());
