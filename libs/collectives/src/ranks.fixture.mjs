/**
 * What one rank does in a test: `mpiexec -n 2 node ranks.fixture.mjs SCENE ARGUMENTS..`. It uses the built package, as a
 * rank does, and its last line on stdout is `RANK JSON` with what it found.
 */
import { Communicator, placeInWorld, preflight, RankExchange } from '@bluewaters/collectives';
import { Graph, gradients, Session, sum, Tensor } from '@bluewaters/tensorflow';

const [scene = '', ...args] = process.argv.slice(2);

/** Each is given the ranks, and what it resolves to is told. */
const SCENES = {
  async talk(ranks) {
    await ranks.barrier();
    const told = await ranks.broadcast({ from: ranks.rank }, 1);
    const gathered = await ranks.gather('x'.repeat(ranks.rank));
    return { size: ranks.size, hosts: new Set(ranks.hosts).size, local: ranks.local, told, gathered };
  },

  /** Rank 1 has another value of a fact, if so asked. */
  async compare(ranks) {
    const [field, other] = args;
    try {
      await preflight(ranks, { code: 'a', dataset: 'b', ...(ranks.rank === 1 ? { [field]: other } : {}) });
      return 'alike';
    } catch (error) {
      return error.message;
    }
  },

  /** Means of tensors of several sizes, some together and some alone, in two lanes. */
  async average(ranks) {
    const graph = new Graph();
    const scope = graph.scope();
    const exchange = new RankExchange({ rank: ranks.rank, worldSize: ranks.size, bucketBytes: 64 });
    const own = scope.placeholder('float32', [], { name: 'own' });
    const filled = (...shape) => scope.op('Fill', { inputs: [scope.constant(Int32Array.from(shape)), own] }).output();
    const values = [filled(3), filled(2, 2), filled(100), filled(1), filled(1)];
    const [statistic] = exchange.averageStatistics(scope, [own]);
    const means = exchange.average(scope, values);
    const session = new Session(graph, { interOpThreads: 3 });
    const fed = Tensor.scalar('float32', ranks.rank + 1);
    const seen = await session.run({ feeds: [[own, fed]], fetches: [...means, statistic] });
    const operations = new Set(means.map(({ operation }) => operation.name)).size;
    return {
      operations,
      shapes: seen.map(({ shape }) => shape),
      values: seen.map((tensor) => [...tensor.values()][0]),
    };
  },

  /** The derivative of a loss through a mean over ranks. */
  async differentiate(ranks) {
    const graph = new Graph();
    const scope = graph.scope();
    const exchange = new RankExchange({ rank: ranks.rank, worldSize: ranks.size });
    const x = scope.placeholder('float32', [2], { name: 'x' });
    const [mean] = exchange.averageStatistics(scope, [x]);
    const loss = sum(scope, scope.op('Square', { inputs: [mean] }).output());
    const [slope] = gradients(scope, [loss], [x], { rules: exchange.gradientRules });
    const session = new Session(graph, { interOpThreads: 3 });
    const fed = Tensor.of('float32', [2], Float32Array.of(ranks.rank, 1));
    const [seen] = await session.run({ feeds: [[x, fed]], fetches: [slope] });
    return [...seen.values()];
  },

  /** All but one rank wait for one that is killed, stopped, or late. */
  async lose(ranks) {
    const [how] = args;
    if (ranks.rank === 1) {
      if (how === 'late') await new Promise((resolve) => setTimeout(resolve, 60_000));
      else process.kill(process.pid, `SIG${how}`);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await ranks.barrier();
    return 'went on';
  },

  async end(ranks) {
    if (ranks.rank === 1) await ranks.end(Number(args[0]));
    await ranks.barrier();
    return 'went on';
  },
};

const ranks = await Communicator.open(placeInWorld(process.env), { silence: 4, collective: 4, start: 30 });
const found = await SCENES[scene](ranks);
process.stdout.write(`${ranks.rank} ${JSON.stringify(found)}\n`);
await ranks.close();
process.exit();
