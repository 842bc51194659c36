import type { Patience } from './patience.js';
import type { RankGroup } from './rank-group.js';
import type { MeetingPlace, Place } from './world.js';

/**
 * Joins the other ranks: over MPI, or over gRPC where the place names a folder to meet in. TensorFlow's library code is
 * loaded by this call, and by nothing else of this package: whoever launches ranks does without it.
 *
 * @throws {CodedError} As `Communicator.open` and `GrpcCommunicator.open`.
 */
export async function openRanks(place: Place | MeetingPlace, patience: Partial<Patience> = {}): Promise<RankGroup> {
  if ('rendezvous' in place) {
    const { GrpcCommunicator } = await import('./grpc/grpc-communicator.js');
    return GrpcCommunicator.open(place, patience);
  }
  const { Communicator } = await import('./communicator.js');
  return Communicator.open(place, patience);
}
