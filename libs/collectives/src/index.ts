export { Communicator, DEFAULT_PATIENCE, type Patience } from './communicator.js';
export { EXIT_CODES } from './exit-codes.js';
export { preflight, type Facts } from './preflight.js';
export { RankExchange, type RankExchangeOptions } from './rank-exchange.js';
export { placeInWorld, ranksOfJob, type Launcher, type Place } from './world.js';
