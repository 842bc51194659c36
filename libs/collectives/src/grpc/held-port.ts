import { createServer, type Server } from 'node:net';

/** A port that the system chose, which nobody else is given until it is released. */
export class HeldPort implements Disposable {
  readonly #server: Server;
  readonly number: number;

  private constructor(server: Server, number: number) {
    this.#server = server;
    this.number = number;
  }

  /** Takes one, on all interfaces. */
  static take(): Promise<HeldPort> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, () => {
        const address = server.address();
        resolve(new HeldPort(server, typeof address === 'object' && address ? address.port : 0));
      });
      server.unref();
    });
  }

  /** Lets go of it, at once. A second call does nothing. */
  [Symbol.dispose](): void {
    this.#server.close();
  }
}

/** One that the system has just given, and that nobody else is given so soon. */
export async function freePort(): Promise<number> {
  using port = await HeldPort.take();
  return port.number;
}
