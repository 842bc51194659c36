import { readFileSync } from 'node:fs';
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { warnOfFault, type FaultListener } from './faults.js';
import { InProcessBus } from './in-process/in-process-bus.js';
import type { MessageBus } from './message-bus.js';
import type { NatsLogin } from './nats/connect.js';

/**
 * How a bus is named in options; secrets never are: those of NATS come from the environment, as
 * `BLUEWATERS_NATS_CREDENTIALS_FILE`, or `BLUEWATERS_NATS_USER` with `BLUEWATERS_NATS_PASSWORD` or
 * `BLUEWATERS_NATS_PASSWORD_FILE`.
 */
export const BusOptions = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('in-process') }),
  z.strictObject({
    kind: z.literal('nats'),
    url: z.url({ protocol: /^(?:nats|tls)$/u }),
    /** Work comes again when nothing was heard of its worker for this long. */
    ackWaitMs: z.int().min(300).optional(),
  }),
]);

/** See {@link BusOptions:variable}. */
export type BusOptions = z.infer<typeof BusOptions>;

/**
 * Opens the bus that the options name; the caller closes it.
 * @param onFault Hears of messages that match no schema and of handlers that failed for good; Node's warnings.
 * @throws {CodedError} BUS_UNAVAILABLE, BUS_REFUSED, or CONFIG_INVALID when the secrets cannot be read.
 */
export async function openBus(options: BusOptions, onFault: FaultListener = warnOfFault): Promise<MessageBus> {
  if (options.kind === 'in-process') return new InProcessBus(onFault);
  // The client of NATS takes a while to load, which a command without a bus should not pay.
  const { NatsBus } = await import('./nats/nats-bus.js');
  const { url, ackWaitMs } = options;
  const login = readLogin(process.env);
  return NatsBus.open({ url, login, onFault, ...(ackWaitMs !== undefined && { ackWaitMs }) });
}

function readLogin(environment: NodeJS.ProcessEnv): NatsLogin {
  const credentialsFile = environment['BLUEWATERS_NATS_CREDENTIALS_FILE'];
  if (credentialsFile) return { credentials: readSecretFile('BLUEWATERS_NATS_CREDENTIALS_FILE', credentialsFile) };
  const user = environment['BLUEWATERS_NATS_USER'];
  if (!user) return {};
  const passwordFile = environment['BLUEWATERS_NATS_PASSWORD_FILE'];
  const password = passwordFile
    ? readSecretFile('BLUEWATERS_NATS_PASSWORD_FILE', passwordFile).toString('utf8').trimEnd()
    : environment['BLUEWATERS_NATS_PASSWORD'];
  return { user, ...(password !== undefined && { password }) };
}

function readSecretFile(field: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', 'A file with a secret cannot be read', { details: { field, file }, cause });
  }
}
