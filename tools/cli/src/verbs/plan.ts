/** `bluewaters plan`: how a network would train on a machine that one is not on, or has not waited in the queue for. */
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { writeDrawing } from '../drawing/svg.js';
import { list } from '../line-options.js';
import { askProfiles } from '../network-profiles.js';
import { limitOf, rankCounts, WORTHWHILE, type Limit } from '../plan/limits.js';
import { planFor, type PlannedNodes } from '../plan/planned-nodes.js';
import { plotEfficiency } from '../plan/plot.js';
import { endurance, planStep, type PlannedStep, type Work } from '../plan/step-model.js';
import { formatCount, formatTable, percent } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({
  machine: z
    .string()
    .default('bluewaters-xk')
    .describe('nodes of a machine: bluewaters-xk, bluewaters-xe, delta-a100, deltaai, local, or a JSON file'),
  network: list(z.string()).optional().describe('networks that `networks ls` lists; default: resnet-50'),
  ranks: list(z.coerce.number().int().positive())
    .optional()
    .describe('how many; default: powers of two up to the whole machine'),
  batch: z.int().positive().default(32).describe('pictures a rank in a step'),
  gradientBytes: z.int().min(1).max(4).default(4).describe('of a number of a gradient as it travels'),
  pictureBytes: z.int().positive().default(110_000).describe("of an encoded picture; ImageNet's have 110,000"),
  pictures: z.int().positive().default(1_281_167).describe('of an epoch'),
  epochs: z.int().positive().default(90).describe('of the training that is planned'),
  svg: z.string().optional().describe('a file to draw the efficiency in'),
  ...frameOptions,
});

/** `bluewaters plan` */
export const plan = defineVerb({
  options,
  examples: [
    ['$0 plan --network resnet-50,vgg-16', 'on all of the XK nodes of Blue Waters'],
    ['$0 plan --machine delta-a100 --ranks 1,8,64 --batch 128 --svg plan.svg', 'and a picture of it'],
  ],
  run: async (values, { print, signal }) => {
    const { name, description, nodes } = await planFor(values.machine);
    const counts = (values.ranks ?? [1, ...rankCounts(nodes)]).sort((a, b) => a - b);
    refuseTooMany(name, nodes, counts);
    const plans = [];
    for (const network of values.network ?? ['resnet-50']) {
      const { batch, gradientBytes, pictureBytes } = values;
      const { profiles } = await askProfiles({ show: { network, batch } }, signal);
      const { parameters = NaN, multiplyAdds = NaN } = profiles[0] ?? {};
      const work: Work = { network, parameters, multiplyAdds, batch, gradientBytes, pictureBytes };
      const steps = counts.map((ranks) => planStep(nodes, work, ranks));
      const rows = steps.map((step) => withTraining(nodes, work, step, values.pictures * values.epochs));
      const limit = limitOf(nodes, work);
      plans.push({ network, batch, steps: rows, limit });
      describe(description, { network, batch, rows, limit }).forEach(print);
    }
    if (values.svg !== undefined) await draw(values.svg, name, plans);
    return { machine: name, plans, ...(values.svg === undefined ? {} : { svg: values.svg }) };
  },
});

type Row = ReturnType<typeof withTraining>;

/** A step, and what the whole training takes with it, failures included. */
function withTraining(nodes: PlannedNodes, work: Work, step: PlannedStep, pictures: number) {
  const { useful, checkpointEvery } = endurance(nodes, work, step.nodes);
  return { ...step, useful, checkpointEvery, hours: pictures / step.imagesPerSecond / useful / 3600 };
}

function refuseTooMany(name: string, { nodes, ranksPerNode }: PlannedNodes, counts: readonly number[]): void {
  const most = counts.at(-1) ?? 0;
  if (most <= nodes * ranksPerNode) return;
  throw new CodedError('CONFIG_INVALID', `The machine ${name} has fewer ranks`, {
    details: { field: 'ranks', expected: `at most ${nodes * ranksPerNode}`, got: String(most) },
  });
}

interface Described {
  readonly network: string;
  readonly batch: number;
  readonly rows: readonly Row[];
  readonly limit: Limit;
}

function describe(machine: string, { network, batch, rows, limit }: Described): string[] {
  const header = [
    'ranks',
    'step',
    'compute',
    'sharing',
    'waiting',
    'input',
    'exchange',
    'images/s',
    'efficiency',
    'training',
  ];
  const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return [
    `${network}, ${batch} pictures a rank, on ${machine}`,
    ...formatTable(
      header,
      rows.map(({ ranks, seconds, parts, imagesPerSecond, efficiency, hours }) => [
        formatCount(ranks),
        ...[seconds, parts.compute, parts.sharing, parts.waiting, parts.input, parts.exchange].map(milliseconds),
        formatCount(imagesPerSecond),
        percent(efficiency, 0),
        hours >= 48
          ? `${(hours / 24).toFixed(0)} days`
          : hours >= 2
            ? `${hours.toFixed(0)} h`
            : `${(60 * hours).toFixed(0)} min`,
      ]),
    ),
    '',
    ...describeLimit(limit),
    ...describeBatch(batch, rows.at(-1)?.ranks ?? 0),
    '',
  ];
}

/** The most pictures of a step with which ResNet-50 was brought to its usual accuracy: You et al. 2018. */
const MOST_PICTURES = 32_768;

const CAUSES = {
  sharing: 'ranks of a node share too few cores',
  waiting: 'the slowest rank is waited for',
  input: 'pictures do not come fast enough',
  exchange: 'gradients take longer than back-propagation hides',
} as const satisfies Record<Limit['because'], string>;

function describeLimit({ ranks, isWholeMachine, because, moves }: Limit): string[] {
  const share = percent(WORTHWHILE, 0);
  if (isWholeMachine) return [`  It keeps ${share} of its efficiency on all ${formatCount(ranks)} ranks.`];
  const first =
    ranks === 0
      ? `Even two ranks have less than ${share}`
      : `It keeps ${share} of its efficiency up to ${formatCount(ranks)} ranks`;
  const further = moves.map((move) => `${move.what} (${formatCount(move.ranks)})`);
  return [
    `  ${first}; beyond, ${CAUSES[because]}.`,
    further.length === 0
      ? '  No single change by a factor of two would move that.'
      : `  Further, up to so many ranks, with ${further.join(', ')}.`,
  ];
}

/** Speed is not all: nobody has shown how to learn as well with steps that large. */
function describeBatch(batch: number, ranks: number): string[] {
  if (batch * ranks <= MOST_PICTURES) return [];
  const most = formatCount(Math.floor(MOST_PICTURES / batch));
  return [
    `  Beyond ${most} ranks a step has more than ${formatCount(MOST_PICTURES)} pictures, with which accuracy suffers.`,
  ];
}

async function draw(file: string, machine: string, plans: readonly { network: string; steps: readonly Row[] }[]) {
  const curves = plans.map(({ network, steps }) => ({
    name: network,
    points: steps.map(({ ranks, efficiency }) => [ranks, efficiency] as const),
  }));
  await writeDrawing(file, plotEfficiency(`Efficiency on ${machine}`, curves));
}
