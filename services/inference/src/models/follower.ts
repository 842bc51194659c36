import { ModelRegistered, RefreshModels, type MessageBus, type ServedModel } from '@bluewaters/messages';
import type { Logger } from '@bluewaters/service';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalogue } from './catalogue.js';

/** A command is answered within seconds; what is still loading then is answered as loading. */
const REFRESH_ANSWER_MS = 4_000;

/** Keeps a catalogue up to date until it is stopped. */
export interface RegistryFollower {
  /** Looks now; what goes wrong is logged and looked at again the next time. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Looks at the registry now, when training registers a model, when somebody asks, and every `refreshSeconds`: the bus
 * may lose a word, the store does not.
 *
 * @throws {CodedError} BUS_UNAVAILABLE.
 */
export async function followRegistry(
  catalogue: Catalogue,
  options: {
    readonly bus: MessageBus;
    readonly log: Logger;
    readonly refreshSeconds: number;
    /** What is served, as the bus tells it. */
    readonly served: () => ServedModel[];
  },
): Promise<RegistryFollower> {
  const { bus, log, refreshSeconds, served } = options;
  const stopping = new AbortController();
  const look = (retryFailed = false): Promise<void> =>
    catalogue.refresh({ retryFailed }).catch((error: unknown) => {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'the model registry can not be read');
    });
  const subscriptions = await Promise.all([
    bus.subscribe(ModelRegistered, () => void look()),
    bus.serve(RefreshModels, async () => {
      await Promise.race([look(true), sleep(REFRESH_ANSWER_MS, undefined, { signal: stopping.signal, ref: false })]);
      return { models: served() };
    }),
  ]);
  void lookAgain(look, refreshSeconds * 1000, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(subscriptions.map((subscription) => subscription.stop()));
  };
  return { look: () => look(), stop };
}

/** Waits between looks and not from start to start, so that a slow store is not asked ever more. */
async function lookAgain(look: () => Promise<void>, waitMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look();
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
