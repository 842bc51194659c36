/** A child of `bluewaters networks`: builds networks, which takes TensorFlow, and tells what they consist of. */
import {
  listNetworks,
  networkByName,
  networkMemory,
  profileNetwork,
  type NetworkMemory,
  type NetworkProfile,
} from '@bluewaters/models';
import { serveChildTask } from '@bluewaters/service';

/** One network, or without it all of them. */
export interface ProfileTask {
  readonly show?: {
    readonly network: string;
    readonly batch: number;
    readonly imageSize?: number;
    readonly outputs?: number;
  };
}

/** What the child answers: of one network also the memory. */
export interface ProfileAnswer {
  readonly profiles: readonly NetworkProfile[];
  readonly memory?: NetworkMemory;
}

await serveChildTask(async ({ show }: ProfileTask): Promise<ProfileAnswer> => {
  if (!show) return Promise.resolve({ profiles: listNetworks().map((network) => profileNetwork(network)) });
  const network = networkByName(show.network);
  return Promise.resolve({ profiles: [profileNetwork(network, show)], memory: networkMemory(network, show) });
});
