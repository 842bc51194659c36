import { describeMessageBus, describeWith, startNats, type TestServer } from '@bluewaters/testing';
import { beforeAll } from 'vitest';
import { NatsBus } from './nats-bus.js';

await describeWith(['nats'], 'with a real NATS', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startNats();
  });

  describeMessageBus('NatsBus', async () => ({
    connect: (onFault) => NatsBus.open({ url: server.url, ackWaitMs: 1_000, onFault }),
  }));
});
