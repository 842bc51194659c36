import type { MessageBus } from '@bluewaters/messages';
import type { ObjectStore } from '@bluewaters/storage';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

/** What every service is given from outside; it makes none of these itself. */
export interface ServicePorts {
  readonly bus: MessageBus;
  readonly store: ObjectStore;
  /** JSON lines on stderr in a process of its own; quiet in the embedded mode. */
  readonly log: Logger;
  /** Where the service registers its Prometheus metrics. */
  readonly metrics: Registry;
}

/** A service that has started. */
export interface RunningService {
  readonly name: string;
  /** True once it can do its work; a reason for people while it can't. */
  readiness(): { readonly ready: boolean; readonly reason?: string };
  /** Finishes or gives back what it is doing, then resolves; safe to call twice. */
  stop(): Promise<void>;
}
