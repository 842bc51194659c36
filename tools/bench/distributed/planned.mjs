/** Whether the model behind `bluewaters plan` foresees what ranks on this machine do. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { ACHIEVED, planStep } from '../../cli/dist/plan/step-model.js';
import { COMMAND } from '../comparison.mjs';

const CORES = cpus().length;
/** As many as two cores, and twice as many. */
const RANKS = [2, 4];
const NETWORK = 'resnet-20';
/** As in the files of the machines: of processors that ranks share with the system. */
const JITTER = 0.05;
/** What the measurement has none of: nodes, files, checkpoints. */
const ELSEWHERE = {
  ...{ source: 'measured', nodes: 1, nodeMtbfHours: 1e5 },
  network: { latency: 1, bandwidth: 1 },
  input: { perNode: 1e12, total: 1e12, decoded: 1e9 },
  checkpoint: { bandwidth: 1e9, restart: 60 },
};

/**
 * Lets the model foresee the share of their lone speed that ranks keep, from how long two of them take to exchange as
 * many numbers and from how fast as many processes are that exchange nothing, and compares it with what they do keep.
 *
 * @param {object} measure Seconds, medians.
 * @param {(ranks: number, how: 'together' | 'apart') => number} measure.train `steps` steps of `batch` pictures a rank.
 * @param {(numbers: number) => number} measure.exchange Between two ranks.
 * @param {{ batch: number, steps: number }} plan
 */
export function planned({ train, exchange }, { batch, steps }) {
  const shown = execFileSync(process.execPath, [COMMAND, 'networks', 'show', NETWORK, '--json'], { encoding: 'utf8' });
  const { parameters, multiplyAdds } = JSON.parse(shown);
  const latency = exchange(1) / 2;
  const bandwidth = (parameters * 4) / ACHIEVED / Math.max(1e-6, exchange(parameters) - 2 * latency);
  return RANKS.map((ranks) => {
    const [together, apart] = [train(ranks, 'together'), train(ranks, 'apart')];
    const alone = (batch * steps) / apart;
    const nodes = {
      ...{ ...ELSEWHERE, cores: CORES, ranksPerNode: ranks, local: { latency, bandwidth } },
      device: {
        ...{ name: 'a core', peakFlops: 1, efficiency: 1, jitter: JITTER },
        // What they do apart is done with a share of a core already.
        threads: Math.min(1, CORES / ranks),
        imagesPerSecond: { [NETWORK]: alone },
      },
    };
    const work = { network: NETWORK, parameters, multiplyAdds, batch, gradientBytes: 4, pictureBytes: 1 };
    const foreseen = planStep(nodes, work, ranks).efficiency;
    const found = apart / together;
    return {
      work: `ResNet-20, batch ${batch} a rank, ${ranks} ranks: share of what they do apart`,
      against: '`bluewaters plan`, within 10 points',
      ...{ ours: found.toFixed(2), theirs: foreseen.toFixed(2), ratio: 1 - Math.abs(found - foreseen), goal: 0.9 },
    };
  });
}
