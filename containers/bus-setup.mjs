/**
 * Makes the streams, tables and queues of the bus, which services and the command may use and not make. Runs at each start
 * of compose.yaml, in the name of the user `setup`; run again it changes nothing but what differs. The environment is that
 * of a service.
 */
import * as messages from '@bluewaters/messages';

const { BLUEWATERS_BUS: url = 'tls://nats:4222', BLUEWATERS_NATS_ACK_WAIT_MS: ackWaitMs = '30000' } = process.env;
const kept = Object.values(messages).filter(({ kind }) => kind === 'state' || kind === 'work');
await messages.prepareBus({ kind: 'nats', url, ackWaitMs: Number(ackWaitMs) }, kept);
