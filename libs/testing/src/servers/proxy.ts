import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP connection in the middle, which a test can break. */
export interface Proxy {
  /** As the server's, with the proxy's port. */
  readonly url: string;
  /** Connections made so far. */
  readonly connections: number;
  /** Breaks every connection; new ones are let through. */
  cut(): void;
  /** Called for each new connection, counted from 1: when it answers true the connection is broken at once. */
  refuse(decide: (connection: number) => boolean): void;
  /** Breaks the connection in place of the server's next answer, after the server has acted. */
  loseNextAnswer(): void;
  stop(): Promise<void>;
}

/** Puts a breakable TCP connection before a server of 127.0.0.1. */
export async function startProxy(serverUrl: string): Promise<Proxy> {
  const target = new URL(serverUrl);
  const open = new Set<Socket>();
  let decide: (connection: number) => boolean = () => false;
  let connections = 0;
  let isLosing = false;
  const listener = createServer((near) => {
    connections += 1;
    if (decide(connections)) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy()).once('close', () => open.delete(from));
      if (from === near) from.pipe(to);
    }
    far.on('data', (bytes) => {
      if (!isLosing) {
        near.write(bytes);
        return;
      }
      isLosing = false;
      near.resetAndDestroy();
    });
    far.once('end', () => near.end());
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => open.forEach((socket) => socket.resetAndDestroy());
  return {
    url: `${target.protocol}//127.0.0.1:${(listener.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    cut,
    refuse: (given) => (decide = given),
    loseNextAnswer: () => (isLosing = true),
    stop: async () => {
      listener.close();
      cut();
      await once(listener, 'close');
    },
  };
}
