import { CodedError } from '@bluewaters/errors';
import type { InputContract, Network } from '../network.js';
import { kerasInceptionV3, slimInceptionV3 } from './inception-v3.js';
import { copied, type Mapping } from './origins.js';
import { kerasResnet, kerasResnetV2, slimResnet, slimResnetV2 } from './resnet.js';
import { kerasVgg, slimVgg } from './vgg.js';
import type { WeightSource } from './weight-source.js';

/** What a picture must look like for published weights; the side of the square is the importer's choice. */
export type PublishedInput = Omit<InputContract, 'imageSize' | 'channels'>;

/** How weights of one network come under one way of naming. */
export interface PublishedWeights {
  readonly mapping: Mapping;
  readonly input: PublishedInput;
}

/** Pixels of 0 to 255 less the mean, not scaled. */
function centred(colourOrder: 'RGB' | 'BGR', mean: readonly number[]): PublishedInput {
  return { colourOrder, mean: mean.map((value) => value / 255), std: [1 / 255, 1 / 255, 1 / 255], crop: 'squeeze' };
}

/** Keras's `caffe` mode. @see keras/src/applications/imagenet_utils.py */
const CAFFE = centred('BGR', [103.939, 116.779, 123.68]);
/** For ResNet v1, too. @see tensorflow/models, research/slim/preprocessing/vgg_preprocessing.py */
const SLIM_VGG: PublishedInput = { ...centred('RGB', [123.68, 116.78, 103.94]), crop: 'central' };
/** From -1 to 1: Keras's `tf` mode. */
const SYMMETRIC: PublishedInput = { colourOrder: 'RGB', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], crop: 'squeeze' };

/** For Inception and, as its page says of the published ones, for ResNet v2. */
const SLIM_INCEPTION: PublishedInput = { ...SYMMETRIC, crop: 'central' };

const RESNET_50 = [3, 4, 6, 3];
const RESNET_101 = [3, 4, 23, 3];
const RESNET_152 = [3, 8, 36, 3];
const VGG_16 = [2, 2, 3, 3, 3];
const VGG_19 = [2, 2, 4, 4, 4];

/** Weights of our own, from another registry or a `checkpoint_dir`: the same names. */
const ours: Mapping = ({ tensors }) => new Map([...tensors.keys()].map((name) => [name, copied(name)]));

/** Networks by name, and in whose names their weights may come. */
const PUBLISHED: Readonly<Record<string, Partial<Record<Exclude<WeightSource['naming'], 'own'>, PublishedWeights>>>> = {
  'vgg-16': {
    keras: { mapping: kerasVgg(VGG_16), input: CAFFE },
    slim: { mapping: slimVgg('vgg_16', VGG_16), input: SLIM_VGG },
  },
  'vgg-19': {
    keras: { mapping: kerasVgg(VGG_19), input: CAFFE },
    slim: { mapping: slimVgg('vgg_19', VGG_19), input: SLIM_VGG },
  },
  'inception-v3': {
    keras: { mapping: kerasInceptionV3, input: SYMMETRIC },
    slim: { mapping: slimInceptionV3, input: SLIM_INCEPTION },
  },
  'resnet-50-v1': { keras: { mapping: kerasResnet(RESNET_50), input: CAFFE } },
  'resnet-101-v1': { keras: { mapping: kerasResnet(RESNET_101), input: CAFFE } },
  'resnet-152-v1': { keras: { mapping: kerasResnet(RESNET_152), input: CAFFE } },
  'resnet-50-v1-slim': { slim: { mapping: slimResnet('resnet_v1_50', RESNET_50), input: SLIM_VGG } },
  'resnet-101-v1-slim': { slim: { mapping: slimResnet('resnet_v1_101', RESNET_101), input: SLIM_VGG } },
  'resnet-152-v1-slim': { slim: { mapping: slimResnet('resnet_v1_152', RESNET_152), input: SLIM_VGG } },
  'resnet-50-v2-slim': { slim: { mapping: slimResnetV2('resnet_v2_50', RESNET_50), input: SLIM_INCEPTION } },
  'resnet-101-v2-slim': { slim: { mapping: slimResnetV2('resnet_v2_101', RESNET_101), input: SLIM_INCEPTION } },
  'resnet-152-v2-slim': { slim: { mapping: slimResnetV2('resnet_v2_152', RESNET_152), input: SLIM_INCEPTION } },
  'resnet-50-v2-keras': { keras: { mapping: kerasResnetV2(RESNET_50), input: SYMMETRIC } },
};

/** Every network that weights of others are known for, and in whose names. */
export function listPublished(): {
  readonly network: string;
  readonly naming: string;
  readonly input: PublishedInput;
}[] {
  return Object.entries(PUBLISHED).flatMap(([network, namings]) =>
    Object.entries(namings).map(([naming, { input }]) => ({ network, naming, input })),
  );
}

/**
 * How the weights in a file fit a network of ours, and what pictures they want.
 *
 * @throws {CodedError} CONFIG_INVALID when none are known for it, or none with such names.
 */
export function publishedWeights(
  { name: network, input }: Network,
  { naming }: Pick<WeightSource, 'naming'>,
): PublishedWeights {
  if (naming === 'own') return { mapping: ours, input };
  const published = PUBLISHED[network]?.[naming];
  if (published) return published;
  const known = Object.keys(PUBLISHED).filter((name) => PUBLISHED[name]?.[naming]);
  throw new CodedError(
    'CONFIG_INVALID',
    `Weights with ${naming === 'keras' ? "Keras's" : "TF-slim's"} names have no known use in this network`,
    {
      details: { field: 'network', expected: known.join(' or '), got: network },
    },
  );
}
