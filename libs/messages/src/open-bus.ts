import { z } from 'zod';
import { readBusFile } from './bus-file.js';
import { readAuthority, readLogin } from './bus-secrets.js';
import type { StateDefinition, WorkDefinition } from './definitions.js';
import { warnOfFault, type FaultListener } from './faults.js';
import { InProcessBus } from './in-process/in-process-bus.js';
import type { MessageBus } from './message-bus.js';
import type { NatsOptions } from './nats/nats-bus.js';

/**
 * How a bus is named in options; secrets never are: those of NATS come from the environment, as
 * `BLUEWATERS_NATS_CREDENTIALS_FILE`, or `BLUEWATERS_NATS_USER` with `BLUEWATERS_NATS_PASSWORD` or
 * `BLUEWATERS_NATS_PASSWORD_FILE`. So does whom to trust with `tls://`, as `BLUEWATERS_NATS_CA_FILE`; where it is not
 * set, the authorities that Node trusts. A file of a bus is for one that was started for a while.
 */
export const BusOptions = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('in-process') }),
  z.strictObject({
    kind: z.literal('nats'),
    url: z.url({ protocol: /^(?:nats|tls)$/u }),
    /** Work comes again when nothing was heard of its worker for this long. */
    ackWaitMs: z.int().min(300).optional(),
  }),
  /** That of {@link BusFile}, which also says who one is there. */
  z.strictObject({ kind: z.literal('file'), path: z.string() }),
]);

/** See {@link BusOptions:variable}. */
export type BusOptions = z.infer<typeof BusOptions>;

/**
 * Opens the bus that the options name; the caller closes it.
 * @param onFault Hears of messages that match no schema and of handlers that failed for good; Node's warnings.
 * @throws {CodedError} BUS_UNAVAILABLE, BUS_REFUSED, BUS_UNTRUSTED, or CONFIG_INVALID when files cannot be read.
 */
export async function openBus(options: BusOptions, onFault: FaultListener = warnOfFault): Promise<MessageBus> {
  if (options.kind === 'in-process') return new InProcessBus(onFault);
  // The client of NATS takes a while to load, which a command without a bus should not pay.
  const { NatsBus } = await import('./nats/nats-bus.js');
  return NatsBus.open({ ...natsOptions(options), onFault });
}

/**
 * Makes what a bus keeps of tables and queues, in the name of a user who may, for those who may not; what is there already
 * stays. In a process there is nothing to be made.
 *
 * @throws {CodedError} As {@link openBus}.
 */
export async function prepareBus(
  options: BusOptions,
  definitions: readonly (StateDefinition<unknown> | WorkDefinition<unknown, unknown>)[],
): Promise<void> {
  if (options.kind === 'in-process') return;
  const { NatsBus } = await import('./nats/nats-bus.js');
  await NatsBus.prepare(natsOptions(options), definitions);
}

function natsOptions(options: Exclude<BusOptions, { kind: 'in-process' }>): NatsOptions {
  if (options.kind === 'file') {
    const { url, user, password } = readBusFile(options.path);
    return { url, login: { user, password } };
  }
  const { url, ackWaitMs } = options;
  const authority = readAuthority(process.env);
  return {
    url,
    login: readLogin(process.env),
    ...(authority && { authority }),
    ...(ackWaitMs !== undefined && { ackWaitMs }),
  };
}
