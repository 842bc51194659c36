import { CodedError } from '@bluewaters/errors';
import type { Network } from '../network.js';
import { airbench } from './airbench.js';
import { alexnet, alexnet2012, alexnet2012Towers } from './alexnet.js';
import { cifarnet } from './cifarnet.js';
import { googlenet } from './googlenet.js';
import { inceptionV3 } from './inception-v3.js';
import { lenet } from './lenet.js';
import { perceptron } from './perceptron.js';
import { resnet9, resnet9Wide } from './resnet-9.js';
import { resnet20, resnet32, resnet56 } from './resnet-cifar.js';
import {
  resnet101V2,
  resnet101V2Slim,
  resnet152V2,
  resnet152V2Slim,
  resnet50V2,
  resnet50V2Keras,
  resnet50V2Slim,
} from './resnet-v2.js';
import {
  resnet101,
  resnet101V1,
  resnet101V1Slim,
  resnet152,
  resnet152V1,
  resnet152V1Slim,
  resnet18,
  resnet34,
  resnet50,
  resnet50V1,
  resnet50V1Slim,
} from './resnet.js';
import { vgg16, vgg16Bn, vgg19, vgg19Bn } from './vgg.js';

const NETWORKS: readonly Network[] = [
  ...[perceptron, lenet, cifarnet, airbench, resnet9, resnet9Wide, resnet20, resnet32, resnet56],
  ...[alexnet, alexnet2012, alexnet2012Towers],
  ...[vgg16, vgg16Bn, vgg19, vgg19Bn, googlenet, inceptionV3],
  ...[resnet18, resnet34, resnet50, resnet101, resnet152],
  ...[resnet50V1, resnet101V1, resnet152V1],
  ...[resnet50V2, resnet101V2, resnet152V2, resnet50V2Keras],
  ...[resnet50V1Slim, resnet101V1Slim, resnet152V1Slim],
  ...[resnet50V2Slim, resnet101V2Slim, resnet152V2Slim],
];

/** Every network that can be trained by name. */
export function listNetworks(): readonly Network[] {
  return NETWORKS;
}

/** The network of that name. @throws {CodedError} NETWORK_UNKNOWN that lists the known ones. */
export function networkByName(name: string): Network {
  const network = NETWORKS.find((candidate) => candidate.name === name);
  if (network) return network;
  throw new CodedError('NETWORK_UNKNOWN', `There is no network ${name}`, {
    details: { field: 'network', expected: NETWORKS.map((known) => known.name).join(' or '), got: name },
  });
}
