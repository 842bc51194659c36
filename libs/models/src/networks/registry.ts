import { CodedError } from '@bluewaters/errors';
import type { Network } from '../network.js';
import { cifarnet } from './cifarnet.js';
import { lenet } from './lenet.js';

const NETWORKS: readonly Network[] = [lenet, cifarnet];

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
