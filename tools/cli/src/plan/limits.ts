/** Where a network stops scaling on a machine, and what would let it go further. */
import type { PlannedNodes } from './planned-nodes.js';
import { planStep, type StepParts, type Work } from './step-model.js';

/** Below this, more ranks are mostly waste. */
export const WORTHWHILE = 0.8;

/** What could be changed, each by a factor of two. */
const CHANGES: readonly {
  readonly what: string;
  readonly change: (machine: PlannedNodes, work: Work) => readonly [PlannedNodes, Work];
}[] = [
  { what: 'gradients in half the bytes', change: (m, w) => [m, { ...w, gradientBytes: w.gradientBytes / 2 }] },
  { what: 'twice the pictures a rank', change: (m, w) => [m, { ...w, batch: 2 * w.batch }] },
  {
    what: 'twice the bandwidth between nodes',
    change: (m, w) => [{ ...m, network: { ...m.network, bandwidth: 2 * m.network.bandwidth } }, w],
  },
  {
    what: 'half the jitter',
    change: (m, w) => [{ ...m, device: { ...m.device, jitter: m.device.jitter / 2 } }, w],
  },
  { what: 'twice the cores a node', change: (m, w) => [{ ...m, cores: 2 * m.cores }, w] },
  {
    what: 'twice the reading and decoding',
    change: (m, w) => [{ ...m, input: timesTwo(m.input) }, w],
  },
];

function timesTwo({ perNode, total, decoded }: PlannedNodes['input']): PlannedNodes['input'] {
  return { perNode: 2 * perNode, total: 2 * total, decoded: 2 * decoded };
}

/** How far a network scales on a machine. */
export interface Limit {
  /** The most ranks with at least {@link WORTHWHILE} of the efficiency; 0 where even two have less. */
  readonly ranks: number;
  /** Whether that is the whole machine. */
  readonly isWholeMachine: boolean;
  /** Most of what is lost on more ranks than that. */
  readonly because: Exclude<keyof StepParts, 'compute'>;
  /** How many ranks each change would allow, where that is more; the best first. */
  readonly moves: readonly { readonly what: string; readonly ranks: number }[];
}

/** How far it goes in powers of two. */
export function limitOf(machine: PlannedNodes, work: Work): Limit {
  const all = machine.nodes * machine.ranksPerNode;
  const ranks = mostRanks(machine, work);
  const { parts } = planStep(machine, work, Math.min(all, Math.max(2, 2 * ranks)));
  const losses = (['sharing', 'waiting', 'input', 'exchange'] as const).map((part) => [part, parts[part]] as const);
  const [because] = losses.reduce((most, loss) => (loss[1] > most[1] ? loss : most));
  const moves = CHANGES.map(({ what, change }) => ({ what, ranks: mostRanks(...change(machine, work)) }))
    .filter((move) => move.ranks > ranks)
    .sort((a, b) => b.ranks - a.ranks);
  return { ranks, isWholeMachine: ranks === all, because, moves };
}

function mostRanks(machine: PlannedNodes, work: Work): number {
  const worthwhile = rankCounts(machine).filter((ranks) => planStep(machine, work, ranks).efficiency >= WORTHWHILE);
  return worthwhile.at(-1) ?? 0;
}

/** Powers of two from 2 on, and the whole machine. */
export function rankCounts({ nodes, ranksPerNode }: PlannedNodes): number[] {
  const all = nodes * ranksPerNode;
  const powers = Array.from({ length: Math.floor(Math.log2(all)) }, (_, index) => 2 ** (index + 1));
  return powers.at(-1) === all ? powers : [...powers, all];
}
