import { randomUUID } from 'node:crypto';
import { Told, type MessageBus, type Subscription } from '@bluewaters/messages';
import type { Logger } from 'pino';

const LOOK_EVERY_MS = 5_000;

/**
 * Keeps what the bus knows true to the store: runs `tell` now, and again whenever the bus has lost its state (a batch
 * job's NATS dies with the job).
 *
 * @param tell Puts everything that this service owns into its tables.
 */
export async function keepTold(
  { bus, log }: { readonly bus: MessageBus; readonly log: Logger },
  tell: () => Promise<void>,
): Promise<Subscription> {
  const told = await bus.state(Told);
  const key = randomUUID();
  const tellAll = async (): Promise<void> => {
    await tell();
    await told.put(key, { at: Date.now() });
  };
  const look = async (): Promise<void> => {
    if ((await told.get(key)) !== undefined) return;
    log.warn('the bus has lost its state: telling it again from the store');
    await tellAll();
  };
  await tellAll();
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = look().catch((error: unknown) => log.warn({ err: error }, 'the bus cannot be told'));
  }, LOOK_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await looking;
      await told.delete(key);
    },
  };
}
