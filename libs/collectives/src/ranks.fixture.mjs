/**
 * What one rank does in a test: `mpiexec -n 2 node ranks.fixture.mjs SCENE ARGUMENTS..`, or the same started with a place
 * in MEETING_PLACE. It uses the built package, as a rank does, and its last line on stdout is `RANK JSON` with what it
 * found.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openRanks, placeInWorld, preflight } from '@bluewaters/collectives';
import { Graph, gradients, Session, sum, Tensor } from '@bluewaters/tensorflow';

const [scene = '', ...args] = process.argv.slice(2);

/** What exchanges something. */
const COLLECTIVES = new Set(['BluewatersAllReduce', 'BluewatersBeginAllReduce', 'CollectiveReduceV2']);

/** Each is given the ranks, and what it resolves to is told. */
const SCENES = {
  async talk(ranks) {
    await ranks.barrier();
    const told = await ranks.broadcast({ from: ranks.rank }, 1);
    const gathered = await ranks.gather('x'.repeat(ranks.rank));
    return { size: ranks.size, hosts: new Set(ranks.hosts).size, local: ranks.local, told, gathered };
  },

  /** Rank 1 has another value of each fact in turn. */
  async compare(ranks) {
    const said = [];
    for (const field of args) {
      const facts = { code: 'a', dataset: 'b', ...(ranks.rank === 1 && { [field]: 'other' }) };
      said.push(
        await preflight(ranks, facts).then(
          () => 'alike',
          (error) => error.message,
        ),
      );
    }
    return said;
  },

  /** Means of tensors of several sizes, some together and some alone, in two lanes. */
  async average(ranks) {
    const graph = new Graph();
    const scope = graph.scope().on(ranks.graphs.device);
    const exchange = ranks.graphs.exchange({ bucketBytes: 64 });
    const own = scope.placeholder('float32', [], { name: 'own' });
    const filled = (...shape) => scope.op('Fill', { inputs: [scope.constant(Int32Array.from(shape)), own] }).output();
    const values = [filled(3), filled(2, 2), filled(100), filled(1), filled(1)];
    const [statistic] = exchange.averageStatistics(scope, [own]);
    const means = exchange.average(scope, values);
    const session = new Session(graph, ranks.graphs.session(1));
    const fed = Tensor.scalar('float32', ranks.rank + 1);
    const seen = await session.run({ feeds: [[own, fed]], fetches: [...means, statistic] });
    const operations = graph.operations().filter(({ type }) => COLLECTIVES.has(type)).length;
    return {
      operations,
      shapes: seen.map(({ shape }) => shape),
      values: seen.map((tensor) => [...tensor.values()][0]),
    };
  },

  /** What {@link errorOf} gives of each compression. */
  async compress(ranks) {
    const found = [];
    for (const compression of args) found.push(await errorOf(ranks, compression));
    return found;
  },

  /** Means of a few values and of many, by the step. */
  async 'by-hosts'(ranks) {
    const graph = new Graph();
    const scope = graph.scope().on(ranks.graphs.device);
    const exchange = ranks.graphs.exchange({ route: 'by-hosts' });
    const lengths = [40, 300_000];
    const inputs = lengths.map((length) => scope.placeholder('float32', [length]));
    const means = exchange.average(scope, inputs);
    const session = new Session(graph, ranks.graphs.session(1));
    const feeds = inputs.map((input, which) => {
      const values = Float32Array.from({ length: lengths[which] }, (_, i) => i + ranks.rank);
      return [input, Tensor.of('float32', [values.length], values)];
    });
    const seen = await session.run({ feeds, fetches: means });
    const largest = Math.max(
      ...seen.map((tensor) =>
        [...tensor.values()].reduce((most, value, i) => Math.max(most, Math.abs(value - i - 1.5)), 0),
      ),
    );
    return { hosts: ranks.hosts, largest, memory: sharedMemory() };
  },

  /** The bytes of means of tensors of several sizes, as each compression and size of buckets has them, in two steps. */
  async means(ranks) {
    const found = [];
    for (const compression of ['none', 'bfloat16', 'float16']) {
      for (const bucketBytes of [4096, 4 << 20]) found.push(await bytesOfMeans(ranks, { compression, bucketBytes }));
    }
    return { memory: sharedMemory(), found };
  },

  /** The derivative of a loss through a mean over ranks. */
  async differentiate(ranks) {
    const graph = new Graph();
    const scope = graph.scope().on(ranks.graphs.device);
    const exchange = ranks.graphs.exchange({});
    const x = scope.placeholder('float32', [2], { name: 'x' });
    const [mean] = exchange.averageStatistics(scope, [x]);
    const loss = sum(scope, scope.op('Square', { inputs: [mean] }).output());
    const [slope] = gradients(scope, [loss], [x], { rules: exchange.gradientRules });
    const session = new Session(graph, ranks.graphs.session(1));
    const fed = Tensor.of('float32', [2], Float32Array.of(ranks.rank, 1));
    const [seen] = await session.run({ feeds: [[x, fed]], fetches: [slope] });
    return [...seen.values()];
  },

  /** All but one rank wait for one that is killed, stopped, or late: rank 1, or another. */
  async lose(ranks) {
    const [how, lost = 1] = args;
    if (ranks.rank === Number(lost)) {
      if (how === 'late') await new Promise((resolve) => setTimeout(resolve, 60_000));
      else process.kill(process.pid, `SIG${how}`);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await ranks.barrier();
    return 'went on';
  },

  /** All but one rank wait, within a graph, for one that is killed or stopped after some steps. */
  async 'lose-in-graph'(ranks) {
    const graph = new Graph();
    const scope = graph.scope().on(ranks.graphs.device);
    const [mean] = ranks.graphs.exchange({}).average(scope, [scope.constant([1, 2])]);
    const session = new Session(graph, ranks.graphs.session(1));
    try {
      for (let step = 0; step < 20; step += 1) {
        if (step === 10 && ranks.rank === 1) process.kill(process.pid, `SIG${args[0]}`);
        await session.run({ fetches: [mean] });
      }
    } catch (error) {
      // The watchdog names the lost one, and ends this process.
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      return error.message;
    }
    return 'went on';
  },

  async end(ranks) {
    if (ranks.rank === 1) await ranks.end(Number(args[0]));
    await ranks.barrier();
    return 'went on';
  },
};

/** The largest relative error of means of many values, in buckets and alone, and a statistic, which is not compressed. */
async function errorOf(ranks, compression) {
  const graph = new Graph();
  const scope = graph.scope().on(ranks.graphs.device);
  const exchange = ranks.graphs.exchange({ bucketBytes: 4096, compression });
  const valueOf = (rank, i) => ((i % 7) + 1) / 3 + rank / 9;
  const fed = [10, 20, 3000].map((length) =>
    Tensor.of(
      'float32',
      [length],
      Float32Array.from({ length }, (_, i) => valueOf(ranks.rank, i)),
    ),
  );
  const inputs = fed.map(({ shape }) => scope.placeholder('float32', shape));
  const statistics = exchange.averageStatistics(scope, [scope.constant(2 / 3)]);
  const means = exchange.average(scope, inputs);
  const session = new Session(graph, ranks.graphs.session(1));
  const feeds = inputs.map((input, i) => [input, fed[i]]);
  const [statistic, ...seen] = await session.run({ feeds, fetches: [...statistics, ...means] });
  const errors = seen.flatMap((tensor) =>
    [...tensor.values()].map((value, i) => Math.abs(value / valueOf((ranks.size - 1) / 2, i) - 1)),
  );
  return { largest: Math.max(...errors), statistic: statistic.number() };
}

async function bytesOfMeans(ranks, settings) {
  const graph = new Graph();
  const scope = graph.scope().on(ranks.graphs.device);
  const exchange = ranks.graphs.exchange(settings);
  const fed = [5, 70_001, 1, 300_000, 0].map((length, which) => {
    const values = Float32Array.from({ length }, (_, i) => Math.sin(i + which + ranks.rank * 7) * 10 ** ((i % 5) - 2));
    return Tensor.of('float32', [length], values);
  });
  const inputs = fed.map(({ shape }) => scope.placeholder('float32', shape));
  const means = exchange.average(scope, inputs);
  const session = new Session(graph, ranks.graphs.session(1));
  const feeds = inputs.map((input, i) => [input, fed[i]]);
  const digests = [];
  for (const step of [0, 1]) {
    const hash = createHash('sha256');
    for (const tensor of await session.run({ feeds, fetches: means }))
      hash.update(Buffer.from(Float32Array.from(tensor.values()).buffer));
    digests[step] = hash.digest('hex');
  }
  return digests;
}

/** The name that memory once had which this process shares with others. */
function sharedMemory() {
  return /\S*\/bluewaters-ranks-\S+/u.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
}

const { MEETING_PLACE: met } = process.env;
const place = met ? JSON.parse(met) : placeInWorld(process.env);
// Two hosts, of which the second rank's has no other one.
if (scene === 'by-hosts') process.env['BLUEWATERS_RANK_HOST'] = place.rank === 1 ? 'a' : 'b';
// A folder that is named from where the ranks are is then another one of this rank.
if (scene === 'means' && args[0] === 'elsewhere' && place.rank === 1) process.chdir('/');
// One that is stopped is late as well: what is said of it then would be a matter of chance.
const collective = args[0] === 'late' ? 4 : 60;
const ranks = await openRanks(place, { silence: 4, collective, start: 30 });
const found = await SCENES[scene](ranks);
process.stdout.write(`${ranks.rank} ${JSON.stringify(found)}\n`);
await ranks.close();
process.exit();
