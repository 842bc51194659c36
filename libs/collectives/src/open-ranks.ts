import { Communicator } from './communicator.js';
import { GrpcCommunicator } from './grpc/grpc-communicator.js';
import type { Patience } from './patience.js';
import type { RankGroup } from './rank-group.js';
import type { MeetingPlace, Place } from './world.js';

/**
 * Joins the other ranks: over MPI, or over gRPC where the place names a folder to meet in.
 *
 * @throws {CodedError} As {@link Communicator.open} and {@link GrpcCommunicator.open}.
 */
export function openRanks(place: Place | MeetingPlace, patience: Partial<Patience> = {}): Promise<RankGroup> {
  return 'rendezvous' in place ? GrpcCommunicator.open(place, patience) : Communicator.open(place, patience);
}
