import { CodedError } from '@bluewaters/errors';
import type { Network } from '../network.js';
import { alexnet, alexnet2012 } from './alexnet.js';
import { cifarnet } from './cifarnet.js';
import { googlenet } from './googlenet.js';
import { inceptionV3 } from './inception-v3.js';
import { lenet } from './lenet.js';
import { resnet20, resnet32, resnet56 } from './resnet-cifar.js';
import { resnet101, resnet152, resnet18, resnet34, resnet50 } from './resnet.js';
import { vgg16, vgg16Bn, vgg19, vgg19Bn } from './vgg.js';

const NETWORKS: readonly Network[] = [
  ...[lenet, cifarnet, resnet20, resnet32, resnet56],
  ...[alexnet, alexnet2012, vgg16, vgg16Bn, vgg19, vgg19Bn, googlenet, inceptionV3],
  ...[resnet18, resnet34, resnet50, resnet101, resnet152],
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
