export {
  castByGpu,
  castInOrder,
  layoutOfCast,
  quarterOf,
  taskInOrder,
  type AskedLayout,
  type Cast,
  type Layout,
  type RankTask,
} from './cast.js';
export { EXIT_CODES } from './exit-codes.js';
export { freePort } from './grpc/held-port.js';
export { ownHost, serverAddresses } from './hosts.js';
export { Line } from './line.js';
export { DEFAULT_PATIENCE, type Patience } from './patience.js';
export { openRanks } from './open-ranks.js';
export { preflight } from './preflight.js';
export type { Exchange, ExchangeSettings, Facts, GraphTransport, RankGroup } from './rank-group.js';
export { placeInWorld, ranksOfJob, type Launcher, type MeetingPlace, type Place } from './world.js';
