import { CodedError } from '@bluewaters/errors';
import type { NetworkMemory, NetworkProfile } from '@bluewaters/models';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { drawNetwork } from '../drawing/draw-network.js';
import { writeDrawing } from '../drawing/svg.js';
import { askProfiles } from '../network-profiles.js';
import { formatCount, formatTable } from '../terminal.js';
import { defineVerb } from '../verb.js';

const listOptions = z.strictObject({ ...frameOptions });
const showOptions = z.strictObject({
  batch: z.int().positive().default(32).describe('pictures at a time, for the memory'),
  imageSize: z.int().positive().optional().describe("side of the pictures in pixels; default: the network's"),
  outputs: z.int().positive().optional().describe('logits, classes + 1; default: as many as were published'),
  svg: z.string().optional().describe('a file to draw the network in'),
  ...frameOptions,
});

/** `bluewaters networks ls` */
export const networksList = defineVerb({
  options: listOptions,
  examples: [['$0 networks ls', 'names for --network, parameters, multiply-adds, papers']],
  run: async (_, { print, signal }) => {
    const { listNetworks } = await import('@bluewaters/models');
    const { profiles } = await askProfiles({}, signal);
    const networks = listNetworks().map(({ name, description, publication, recipe }, index) => {
      const { imageSize, channels, outputs, parameters, statistics, multiplyAdds } = profiles[index]!;
      const counted = { imageSize, channels, outputs, parameters, statistics, multiplyAdds };
      return { name, description, ...counted, publication, recipe };
    });
    const rows = networks.map((network) => [
      network.name,
      inputOf(network),
      formatCount(network.parameters),
      millions(network.multiplyAdds),
      network.publication.citation,
    ]);
    formatTable(['network', 'input', 'parameters', 'multiply-adds', 'paper'], rows).forEach(print);
    return { networks };
  },
});

/** `bluewaters networks show` */
export const networksShow = defineVerb({
  options: showOptions,
  examples: [
    ['$0 networks show resnet-50 --batch 64', 'layers, shapes, parameters, multiply-adds, memory'],
    ['$0 networks show inception-v3 --svg inception.svg', 'and a picture of it'],
  ],
  run: async ({ svg, batch, imageSize, outputs }, { print, signal, words }) => {
    const [network, ...others] = words;
    if (network === undefined || others.length > 0) {
      throw new CodedError('CONFIG_INVALID', 'Say which network: one name that `networks ls` lists');
    }
    const size = { ...(imageSize && { imageSize }), ...(outputs && { outputs }) };
    const { profiles, memory } = await askProfiles({ show: { network, batch, ...size } }, signal);
    const profile = profiles[0]!;
    if (svg !== undefined) await writeDrawing(svg, drawNetwork(profile));
    [...describeLayers(profile), '', ...describeTotals(profile), '', ...(memory ? describeMemory(memory) : [])].forEach(
      print,
    );
    return { ...profile, flops: flopsOf(profile), memory, ...(svg === undefined ? {} : { svg }) };
  },
});

function inputOf({ imageSize, channels }: Pick<NetworkProfile, 'imageSize' | 'channels'>): string {
  return `${imageSize} x ${imageSize} x ${channels}`;
}

function millions(count: number): string {
  return `${(count / 1e6).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} M`;
}

/** Multiplications and additions, each by itself. */
function flopsOf({ multiplyAdds }: NetworkProfile): number {
  return 2 * multiplyAdds;
}

function describeLayers({ layers }: NetworkProfile): string[] {
  const count = (value: number): string => (value === 0 ? '' : formatCount(value));
  const rows = layers.map(({ name, does, output, parameters, multiplyAdds }) => [
    name,
    does.join(', '),
    output.join(' x '),
    count(parameters),
    count(multiplyAdds),
  ]);
  return formatTable(['layer', 'does', 'output', 'parameters', 'multiply-adds'], rows);
}

function describeTotals(profile: NetworkProfile): string[] {
  const { network, outputs, parameters, statistics, multiplyAdds } = profile;
  return [
    `${network} for pictures of ${inputOf(profile)}, with ${outputs} outputs:`,
    `  ${formatCount(parameters)} parameters, and ${formatCount(statistics)} statistics of batch normalisation`,
    `  ${formatCount(multiplyAdds)} multiply-adds (${formatCount(flopsOf(profile))} FLOPs) a picture`,
  ];
}

function describeMemory({ batch, training, inference }: NetworkMemory): string[] {
  const megabytes = (bytes: number): string => `${formatCount(bytes / 1e6)} MB`;
  const row = (title: string, parts: Readonly<Record<string, number>>): string[] => [
    title,
    ...['variables', 'gradients', 'slots', 'activations', 'total'].map((part) =>
      parts[part] === undefined ? '' : megabytes(parts[part]),
    ),
  ];
  return formatTable(
    [`memory at ${batch} pictures`, 'variables', 'gradients', 'optimiser', 'activations', 'total'],
    [row('training', training), row('inference', inference)],
  );
}
