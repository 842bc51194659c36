/**
 * The coordinator's page: a live picture of runs over HTTP, and a way to steer them. It shows what the coordinator and
 * the bus tell, keeps nothing of its own, and runs go on without it.
 */
import type { MessageBus } from '@bluewaters/messages';
import { createHttpApp, listen, type ListenOptions, type Logger } from '@bluewaters/service';
import { COORDINATOR_DEFAULTS } from '../coordinator.js';
import type { Watched } from '../watched.js';
import { LiveStream } from './live-stream.js';
import { OverviewSource } from './overview-source.js';
import { pageRoutes } from './page-routes.js';

/** What a page shows, and where. */
export interface PageOptions {
  readonly watched: Watched;
  /** Tables and events are read from it, and orders are sent over it. */
  readonly bus: MessageBus;
  readonly log: Logger;
  /** Whoever reaches it may steer runs: an address other than 127.0.0.1 needs a proxy that asks who it is. */
  readonly listen: ListenOptions;
}

/** A page that is served. */
export interface RunningPage {
  /** `http://host:port`. */
  readonly address: string;
  /** Ends the pages' connections and listens no more. Safe to call twice. */
  stop(): Promise<void>;
}

/** Serves the page. @throws {CodedError} PORT_IN_USE; CONFIG_INVALID for a host of others; BUS_UNAVAILABLE. */
export async function startPage(options: PageOptions): Promise<RunningPage> {
  const { watched, bus, log } = options;
  const silentSeconds = COORDINATOR_DEFAULTS.silentAfter / 1000;
  const source = await OverviewSource.open({ watched, bus, silentSeconds });
  const live = new LiveStream(() => JSON.stringify(source.overview()));
  const app = createHttpApp({ log, routes: (routes) => routes.use(pageRoutes({ source, live, bus })) });
  try {
    const server = await listen(app, options.listen);
    const stop = async (): Promise<void> => {
      live.close();
      await server.close();
      await source.stop();
    };
    let stopped: Promise<void> | undefined;
    return { address: server.address, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await source.stop();
    throw error;
  }
}
