/** The ranks of a run, brought together; whatever carries what they tell one another and what their graphs exchange. */
import type { Output, Scope, SessionOptions } from '@bluewaters/tensorflow';
import type { RankExchange, RankExchangeOptions } from './rank-exchange.js';

/** What all ranks must have alike, by what it is called in an error: the version of the code, the digest of a dataset. */
export type Facts = Readonly<Record<string, string>>;

/** What is exchanged inside of a graph; see {@link RankExchange}. */
export interface Exchange extends Pick<RankExchange, 'rank' | 'worldSize' | 'batchStatistics' | 'gradientRules'> {
  average(scope: Scope, values: readonly Output[]): readonly Output[];
  averageStatistics(scope: Scope, values: readonly Output[]): readonly Output[];
}

/** How a graph is to exchange. */
export type ExchangeSettings = Omit<RankExchangeOptions, 'rank' | 'worldSize'>;

/** How graphs of this rank reach those of the others. */
export interface GraphTransport {
  /** The device of this rank's operations; '' for the only one that its sessions have. */
  readonly device: string;
  /**
   * For one graph. All ranks build the same graphs, in the same order.
   *
   * @throws {CodedError} CONFIG_INVALID for what this transport cannot do.
   */
  exchange(settings: ExchangeSettings): Exchange;
  /**
   * What a session needs to run such a graph.
   *
   * @param threads To compute with; the same in all calls of a process.
   * @param exchange The graph's, once all of that is built: no more threads are then had than it needs to wait in, so that
   * fewer want the same core.
   */
  session(threads: number, exchange?: Exchange): SessionOptions;
}

/** The ranks that were started together, as one of them sees them. Every call is made by all, in the same order. */
export interface RankGroup {
  readonly rank: number;
  readonly size: number;
  /** Name of the host of each rank. */
  readonly hosts: readonly string[];
  /** The number of this rank's host among the hosts, in the order of their first ranks, and its own number on it. */
  readonly local: { readonly rank: number; readonly host: number };
  /** What of the transport all ranks must have alike. */
  readonly facts: Facts;
  readonly graphs: GraphTransport;
  /** Seconds so far for which gradients were under way; 0 always where the transport does not tell. */
  readonly exchanged: number;
  /** Resolves once all ranks have come to it. */
  barrier(): Promise<void>;
  /** What one rank has, for all; the others' argument is not looked at. Travels as JSON. */
  broadcast<Value>(value: Value | undefined, root?: number): Promise<Value>;
  /** What every rank has, in their order. Travels as JSON. */
  gather<Value>(own: Value): Promise<Value[]>;
  /** Waits for all ranks, and parts. */
  close(): Promise<void>;
  /** Ends this process, and the other ranks with the same exit code, whatever they wait for. Say why before. */
  end(exitCode: number): Promise<never>;
}
